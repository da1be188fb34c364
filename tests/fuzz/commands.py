"""Commands and their codes as RFC 5321 4.3.2 has them, and lines that leave no doubt."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

BY_POLICY = "by policy"  # in the text of each refusal that the driver makes up


@dataclass(frozen=True, slots=True)
class Row:
    """A command's codes where it is in place: it succeeds, or it is refused."""

    good: frozenset[int]
    bad: frozenset[int]


def _row(good: str, bad: str) -> Row:
    return Row(frozenset(map(int, good.split())), frozenset(map(int, bad.split())))


ROWS = {
    "EHLO": _row("250", "500 501 502 504 550"),
    "HELO": _row("250", "500 501 502 504 550"),
    "LHLO": _row("250", "500 501 502 504 550"),
    "MAIL": _row("250", "451 452 455 500 501 504 530 550 552 553 554 555"),
    "RCPT": _row("250 251", "450 451 452 455 500 501 530 550 551 552 553 555"),
    "DATA": _row("354", "451 500 501 530 554"),
    "BDAT": _row("250", "450 451 452 501 550 552 554"),
    "RSET": _row("250", "500 501"),
    "NOOP": _row("250", "500"),
    "QUIT": _row("221", "500 501"),
    "VRFY": _row("250 251 252", "500 501 502 504 550 551 553"),
    "EXPN": _row("250 252", "500 501 502 504 550"),
    "HELP": _row("211 214", "500 502 504"),
    "ETRN": _row("250 251 252 253", "458 459 500 501 502"),
    "STARTTLS": _row("220", "454 500 501 502"),
    "AUTH": _row("235 334", "432 454 500 501 502 504 534 535 538"),
}
SYNTAX = frozenset({500, 501})
UNKNOWN = frozenset({500, 502})
OUT_OF_PLACE = frozenset({500, 501, 502, 503, 504, 530, 555})
HELLOS = ("EHLO", "HELO", "LHLO")
# RFC 6409 4.3: until the client has logged in, a submission server takes nothing else.
FREE = frozenset({"EHLO", "HELO", "AUTH", "STARTTLS", "NOOP", "RSET", "QUIT", "HELP"})
IDLE = frozenset({*HELLOS, "NOOP", "RSET", "HELP", "VRFY", "EXPN", "ETRN"})  # move no mail
REFUSED_TEXT = frozenset({450, 451, 452, 550, 552, 554})


def encoded(text: str) -> bytes:
    """In base64."""
    return base64.b64encode(text.encode())


GRANTED, DENIED = encoded("\0alice\0secret"), encoded("\0alice\0guess")

# What a line of these forms gets where it is in place.
_SURE = [
    (re.compile(pattern), frozenset(codes))
    for pattern, codes in (
        (rb"(?i:EHLO|HELO|LHLO) client\.test", {250}),
        (rb"(?i:MAIL FROM):<(a@b\.test)?>", {250}),
        (rb"(?i:RCPT TO):<alice@example\.test>", {250}),
        (rb"(?i:DATA)", {354}),
        (rb"(?i:RSET|NOOP)", {250}),
        (rb"(?i:NOOP) [ -~]{1,505}", {250}),  # with its end 512 octets: RFC 5321 4.5.3.1.4
        (rb"(?i:RSET|DATA|QUIT|STARTTLS) x", {501}),
        (rb"(?i:QUIT)", {221}),
        (rb"(?i:STARTTLS)", {220}),
        (rb"(?i:AUTH PLAIN) " + re.escape(GRANTED), {235}),
        (rb"(?i:AUTH PLAIN) " + re.escape(DENIED), {535}),
        (rb"(?i:AUTH) (?i:PLAIN|LOGIN|CRAM-MD5|SCRAM-SHA-256)", {334}),
        (rb"(?i:AUTH) WIBBLE", {504}),
    )
]


def sure_codes(line: bytes) -> frozenset[int] | None:
    """The codes of a line about which there is no doubt; None if there is."""
    return next((codes for form, codes in _SURE if form.fullmatch(line)), None)


def is_out_of_order(verb: str, sure: frozenset[int]) -> bool:
    """Whether out of place nothing but 503 will do, for a line that would have these codes."""
    # An extension's verb may be unknown to a server that does not offer it now.
    return bool(sure & ROWS[verb].good) and verb not in ("STARTTLS", "AUTH", "ETRN")
