"""Addresses: reverse-paths and forward-paths, mailboxes, domains, address literals.

A local-part is kept as what it means, not as it was quoted: RFC 5321 4.1.2 wants all quoted forms
treated as equal, and the least quoting when it is written again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from harness.protocol.commands import Objection

ReadDomain = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A local-part without its quotes, and a domain; only <Postmaster> has none ("")."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{quote(self.local)}@{self.domain}" if self.domain else quote(self.local)


@dataclass(frozen=True, slots=True)
class ReversePath:
    """Where a bounce would go; no mailbox is the null reverse-path <>."""

    mailbox: Mailbox | None
    route: tuple[str, ...] = ()  # a source route is read and not followed (RFC 5321 C)

    def __str__(self) -> str:
        return "" if self.mailbox is None else str(self.mailbox)


@dataclass(frozen=True, slots=True)
class ForwardPath:
    """Where the message shall go."""

    mailbox: Mailbox
    route: tuple[str, ...] = ()

    def __str__(self) -> str:
        return str(self.mailbox)


# --- domains and literals ------------------------------------------------------------------------

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"  # 63 octets: RFC 1035 2.3.4
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_MAX_DOMAIN = 255  # RFC 5321 4.5.3.1.2

_SNUM = r"(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2})"
_IPV4 = re.compile(rf"{_SNUM}(?:\.{_SNUM}){{3}}")
_IPV6_GROUP = re.compile(r"[0-9A-Fa-f]{1,4}")
_TAGGED = re.compile(r"([A-Za-z0-9-]*[A-Za-z0-9]):([!-Z^-~]+)")


def is_domain(text: str) -> bool:
    """Whether the text is a Domain: letters, digits and hyphens alone (RFC 5321 4.1.2)."""
    return len(text) <= _MAX_DOMAIN and _DOMAIN.fullmatch(text) is not None


def is_domain_or_literal(text: str) -> bool:
    """Whether the text may stand behind the @, or behind EHLO."""
    return is_domain(text) or (text[:1] == "[" and text[-1:] == "]" and _is_address(text[1:-1]))


def is_node(text: str) -> bool:
    """Whether ETRN may name it: a domain, @ and a domain, # and a name of ours (RFC 1985 5.3)."""
    return (text[:1] == "#" and text != "#") or is_domain(text.removeprefix("@"))


def _is_address(text: str) -> bool:
    tagged = _TAGGED.fullmatch(text)
    if tagged is None:
        return _IPV4.fullmatch(text) is not None
    return tagged[1].lower() != "ipv6" or _is_ipv6(tagged[2])


def _is_ipv6(text: str) -> bool:
    before, colon, last = text.rpartition(":")
    if "." in last:
        if not _IPV4.fullmatch(last):
            return False
        text = f"{before}{colon}0:0"  # an IPv4 address fills two groups
    sides = [side.split(":") if side else [] for side in text.split("::")]
    groups = [group for side in sides for group in side]
    if not all(map(_IPV6_GROUP.fullmatch, groups)):
        return False
    # RFC 5321 4.1.3: "::" stands for two groups of zeros at least.
    return len(groups) == 8 if len(sides) == 1 else len(sides) == 2 and len(groups) <= 6


# --- local-parts ---------------------------------------------------------------------------------

_ATEXT = r"-A-Za-z0-9!#$%&'*+/=?^_`{|}~"
_BEYOND = r"\u0080-\U0010ffff"  # what RFC 6531 3.3 adds to atext and qtext
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)


def _dot_string(atext: str) -> str:
    return rf"[{atext}]+(?:\.[{atext}]+)*"


def _path(beyond: str) -> re.Pattern[str]:
    quoted = rf'"(?:[ !#-\[\]-~{beyond}]|\\[ -~])*"'
    local = rf"{_dot_string(_ATEXT + beyond)}|{quoted}"
    return re.compile(rf"<(?:(@[^:]*):)?({local})@(.*)>", re.DOTALL)


_UNQUOTED = re.compile(_dot_string(_ATEXT + _BEYOND))
_ASCII_PATH = _path("")
_UTF8_PATH = _path(_BEYOND)


def unquote(local: str) -> str:
    """The local-part that is meant: `"a\\b"` is ab."""
    return _QUOTED_PAIR.sub(r"\1", local[1:-1]) if local[:1] == '"' else local


def quote(local: str) -> str:
    """The local-part as it is written, with the least quoting that will do."""
    if _UNQUOTED.fullmatch(local):
        return local
    escaped = local.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# --- paths ---------------------------------------------------------------------------------------

NULL_PATH: Final = ReversePath(None)


def read_reverse_path(
    octets: bytes, *, utf8: bool = False, read_domain: ReadDomain = is_domain_or_literal
) -> ReversePath | Objection:
    """The path behind MAIL FROM: `<>` or a mailbox, with or without a source route."""
    if octets == b"<>":
        return NULL_PATH
    found = _read_path(octets, utf8, read_domain)
    # RFC 3463 3.2: X.1.7 is bad syntax of the sender's address, X.1.3 of the recipient's.
    return Objection(501, "5.1.7", found) if isinstance(found, str) else ReversePath(*found)


def read_forward_path(
    octets: bytes, *, utf8: bool = False, read_domain: ReadDomain = is_domain_or_literal
) -> ForwardPath | Objection:
    """The path behind RCPT TO: a mailbox, or the postmaster of wherever this is."""
    if octets.lower() == b"<postmaster>":
        return ForwardPath(Mailbox(octets[1:-1].decode(), ""))
    found = _read_path(octets, utf8, read_domain)
    return Objection(501, "5.1.3", found) if isinstance(found, str) else ForwardPath(*found)


def _read_path(
    octets: bytes, utf8: bool, read_domain: ReadDomain
) -> tuple[Mailbox, tuple[str, ...]] | str:
    """Mailbox and route, or in words why there is none."""
    try:
        text = octets.decode("utf-8" if utf8 else "ascii")
    except UnicodeDecodeError:
        return "An address holds an octet that it may not hold"
    match = (_UTF8_PATH if utf8 else _ASCII_PATH).fullmatch(text)
    if match is None:
        return _why_none(text)
    route, local, domain = match.groups()
    if not read_domain(_lettered(domain) if utf8 else domain):
        return "Not a domain or address literal"
    mailbox = Mailbox(unquote(local), domain)
    return (mailbox, ()) if route is None else _with_route(mailbox, route, read_domain)


def _why_none(text: str) -> str:
    """What the text lacks of <local-part@domain>, the first thing that a reader would miss."""
    if text[:1] != "<" or text[-1:] != ">" or len(text) < 2:
        return "Not an address in angle brackets"
    if text == "<>":
        return "No address"
    local, at, _ = text[1:-1].rpartition("@")
    if not at:
        return "No @ and no domain: an address is <local-part@domain>"
    return "Nothing before the @" if not local else "Not a local-part before the @"


def _with_route(
    mailbox: Mailbox, route: str, read_domain: ReadDomain
) -> tuple[Mailbox, tuple[str, ...]] | str:
    hops = route.split(",")
    # At-domain is "@" Domain: no literal may stand there.
    if all(hop[:1] == "@" and hop[1:2] != "[" and read_domain(hop[1:]) for hop in hops):
        return mailbox, tuple(hop[1:] for hop in hops)
    return "Not a source route"


def _lettered(domain: str) -> str:
    """The domain with an ASCII letter in place of each that only a U-label has (RFC 6531 3.3)."""
    return "".join("x" if not c.isascii() and _is_letter(c) else c for c in domain)


def _is_letter(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")
