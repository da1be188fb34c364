"""Two texts that should be one, for the eye: both from the first line on in which they differ.

A plain line stands as it is.  A line with anything odd about it (a trailing blank, a bare line
end, an octet that does not print) is written with escapes, its line end too.
"""

from __future__ import annotations

from harness.visible import first_difference, visible

_LINES = 6  # of each side
_BEFORE, _AFTER = 40, 60  # octets of a long line around the difference


def excerpts(wanted: bytes, met: bytes) -> tuple[str, str]:
    """Both sides, lines indented below a first line that says how long the side is."""
    at = first_difference(wanted, met)
    begin = wanted.rfind(b"\n", 0, at) + 1
    line = wanted.count(b"\n", 0, begin) + 1
    return _side(wanted, begin, at - begin, line), _side(met, begin, at - begin, line)


def _side(octets: bytes, begin: int, offset: int, line: int) -> str:
    if not octets:
        return "nothing"
    where = f", from line {line}" if line > 1 else ""
    lines = octets[begin:].split(b"\n")
    whole = [text + b"\n" for text in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    rows = [_row(text, 0 if number else offset) for number, text in enumerate(whole[:_LINES])]
    rows += [f"... {len(whole) - _LINES} more lines ..."] if len(whole) > _LINES else []
    return "\n  ".join([f"{len(octets)} octets{where}:", *(rows or ["(nothing more)"])])


def _row(line: bytes, offset: int) -> str:
    """One line; of a long one what surrounds the offset."""
    begin = max(0, offset - _BEFORE) if len(line) > _BEFORE + _AFTER else 0
    shown = line[begin : begin + _BEFORE + _AFTER]
    before = f"[{begin} octets] " if begin else ""
    rest = len(line) - begin - len(shown)
    after = f" [{rest} octets]" if rest else ""
    return before + _text(shown) + after


def _text(octets: bytes) -> str:
    line = octets.removesuffix(b"\r\n")
    is_plain = len(line) < len(octets) and not line.endswith((b" ", b"\t"))
    try:
        if is_plain and line.decode().isprintable():
            return line.decode()
    except UnicodeDecodeError:
        pass
    return visible(octets)
