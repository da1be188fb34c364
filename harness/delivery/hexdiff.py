"""Where two runs of octets part, for the eye."""

from __future__ import annotations

from harness.visible import first_difference

_ROW = 16  # octets
_ROWS = 3  # the one before the first difference, its own, and the one after


def hex_diff(wanted: bytes, met: bytes) -> tuple[str, ...]:
    """Both sides around the first difference, and where that is; nothing if there is none."""
    if wanted == met:
        return ()
    at = first_difference(wanted, met)
    begin = max(at // _ROW - 1, 0) * _ROW
    return (
        f"first difference at octet {at}, in line {wanted.count(bytes([10]), 0, at) + 1} "
        f"(wanted {len(wanted)} octets, met {len(met)})",
        *_rows("wanted", wanted, begin, at),
        *_rows("met", met, begin, at),
    )


def _rows(side: str, octets: bytes, begin: int, at: int) -> list[str]:
    rows = []
    for start in range(begin, begin + _ROWS * _ROW, _ROW):
        row = octets[start : start + _ROW]
        if not row and start > at:
            break
        cells = " ".join(f"{octet:02x}" for octet in row) or "(nothing)"
        shown = "".join(chr(octet) if 32 <= octet < 127 else "." for octet in row)
        rows.append(f"{side:>6} {start:6}  {cells:<{3 * _ROW - 1}}  {shown}".rstrip())
    return rows
