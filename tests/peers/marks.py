"""False ends of the text, where they stand, and what is hidden behind them (PEERS 5.1)."""

from __future__ import annotations

from tests.peers.serving import ALICE, SENDER

END = b"\r\n.\r\n"

# What some server somewhere takes for the end of a text, and is none.
MARKS = {
    "lf.lf": b"\n.\n",
    "cr.cr": b"\r.\r",
    "cr.lf": b"\r.\n",
    "lf.cr": b"\n.\r",
    "lf.crlf": b"\n.\r\n",
    "cr.crlf": b"\r.\r\n",
    "crlf.lf": b"\r\n.\n",
    "crlf.cr": b"\r\n.\r",
    "crlf.crcrlf": b"\r\n.\r\r\n",
    "crcrlf.crcrlf": b"\r\r\n.\r\r\n",
    "lf.crcrlf": b"\n.\r\r\n",
    "nul.crlf": b"\r\n\0.\r\n",
    ".nulcrlf": b"\r\n.\0\r\n",
    ".blankcrlf": b"\r\n.\x20\r\n",
    ".tabcrlf": b"\r\n.\t\r\n",
    "lf..lf": b"\n..\n",
}
# These are ends, whatever stands before them.
REAL_ENDS = {
    "crlf.crlf": b"\r\n.\r\n",
    "crcrlf.crlf": b"\r\r\n.\r\n",
    "lfcrlf.crlf": b"\n\r\n.\r\n",
}

HEADER = b"Subject: to be read back\r\n\r\n"
OVER_SIZE = 20_000  # octets, more than the server is told to take

# What stands before the mark.
CONTEXTS = {
    "mid-line": HEADER + b"The end?",
    "after CRLF": HEADER + b"The end?\r\n",
    "first octets": b"",
    "after a line that ended in LF": HEADER + b"one\nThe end?",
    "after a line that ended in CR": HEADER + b"one\rThe end?",
    "all lines end in LF": b"Subject: to be read back\n\nThe end?",
    "after 998 octets": HEADER + b"x" * 998,
    "after a line of 1000": HEADER + b"x" * 998 + b"\r\n",
    "after 2048 octets": HEADER + b"x" * 2_048,
    "after a line of 2048": HEADER + b"x" * 2_046 + b"\r\n",
    "after 4096 octets": HEADER + b"x" * 4_096,
    "after a line of 4096": HEADER + b"x" * 4_094 + b"\r\n",
    "while it is thrown away": HEADER + b"y" * OVER_SIZE,
    "while lines are thrown away": HEADER + (b"y" * 998 + b"\r\n") * (OVER_SIZE // 1_000 + 1),
}

_MESSAGE = b"Subject: hidden\r\n\r\nI was never sent.\r\n"
_ENVELOPE = f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{ALICE}>\r\n".encode()
# A refused command shows that it ran by its own reply; the others by what is delivered, too.
HIDDEN = {
    "RCPT": f"RCPT TO:<{ALICE}>\r\n".encode(),
    "DATA": _ENVELOPE + b"DATA\r\n" + _MESSAGE,
    "BDAT": _ENVELOPE + b"BDAT %d LAST\r\n" % len(_MESSAGE) + _MESSAGE,
}


def is_end_within(text: bytes) -> bool:
    """Whether the text ends before its end, DATA's own line end counted."""
    return END in b"\r\n" + text


def false_ends() -> dict[str, tuple[bytes, bytes]]:
    """Each mark in each context: what stands before it, and the mark."""
    found = {
        f"{name}, {where}": (before, mark)
        for where, before in CONTEXTS.items()
        for name, mark in MARKS.items()
    }
    # The line end of DATA may be the one before the dot.
    found |= {
        f"{name} without its CRLF, first octets": (b"", mark.removeprefix(b"\r\n"))
        for name, mark in MARKS.items()
        if mark.startswith(b"\r\n")
    }
    assert not [name for name, parts in found.items() if is_end_within(b"".join(parts))]
    return found


def meant(text: bytes) -> bytes:
    """The content that a text stands for, if it is one (RFC 5321 4.5.2)."""
    return b"\r\n".join(line.removeprefix(b".") for line in text.split(b"\r\n"))


def has_bare_line_ends(content: bytes) -> bool:
    """Whether CR or LF stands alone (RFC 5321 2.3.8)."""
    rest = content.replace(b"\r\n", b"")
    return b"\r" in rest or b"\n" in rest
