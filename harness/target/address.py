"""Addresses of servers: `host`, `host:port`, `smtps://host`, `submission://user@host:port`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

from harness.documents import nearest
from harness.errors import UsageError


class Scheme(StrEnum):
    """What is spoken there, and whether TLS comes before the first reply."""

    SMTP = "smtp"
    SMTPS = "smtps"
    LMTP = "lmtp"
    SUBMISSION = "submission"
    SUBMISSIONS = "submissions"
    POP3 = "pop3"
    POP3S = "pop3s"
    IMAP = "imap"
    IMAPS = "imaps"
    HTTP = "http"
    HTTPS = "https"

    @property
    def has_implicit_tls(self) -> bool:
        """Whether the first octets are TLS (RFC 8314 3.3)."""
        return self in _INSIDE_TLS


_INSIDE_TLS = frozenset(
    {Scheme.SMTPS, Scheme.SUBMISSIONS, Scheme.POP3S, Scheme.IMAPS, Scheme.HTTPS}
)
READERS = frozenset({Scheme.POP3, Scheme.POP3S})  # where mail is read
IMAPS = frozenset({Scheme.IMAP, Scheme.IMAPS})  # where it is read as well
WEB = frozenset({Scheme.HTTP, Scheme.HTTPS})  # and where a page shows it
TAKERS = frozenset(Scheme) - READERS - IMAPS - WEB  # where mail is taken

# RFC 5321 4.5.4.2, RFC 8314 7.3, RFC 2033 5 (which leaves LMTP's port open: 24 is the custom),
# RFC 6409 3.1, RFC 1939 3, RFC 8314 7.1, RFC 9051 2.1.  8025 is Mailpit's and MailHog's custom.
_PORTS = {
    Scheme.SMTP: 25,
    Scheme.SMTPS: 465,
    Scheme.LMTP: 24,
    Scheme.SUBMISSION: 587,
    Scheme.SUBMISSIONS: 465,
    Scheme.POP3: 110,
    Scheme.POP3S: 995,
    Scheme.IMAP: 143,
    Scheme.IMAPS: 993,
    Scheme.HTTP: 8025,
    Scheme.HTTPS: 443,
}

_URL = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*)://)?(?:([^@/]*)@)?([^/]*)(/?)")
_HOST_AND_PORT = re.compile(r"(\[[^\]]*\]|[^\[\]:]*)(?::(.*))?")
# Underscores are no part of a domain, but of many a host's name in a container network.
_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str  # a name, an IP address without brackets, or the path of a Unix-domain socket
    port: int
    scheme: Scheme = Scheme.SMTP
    user: str | None = None

    @property
    def is_path(self) -> bool:
        """Whether it is a Unix-domain socket, which has no port."""
        return self.host.startswith("/")

    @property
    def endpoint(self) -> str:
        """host:port, an IPv6 address in brackets."""
        if self.is_path:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine, as far as the address alone tells."""
        if self.is_path:
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.casefold().rstrip(".") in ("localhost", "ip6-localhost")

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        return f"{self.scheme}://{user}{self.endpoint}"


def read_address(
    text: str, schemes: Collection[Scheme] = TAKERS, usual: Scheme = Scheme.SMTP
) -> Address:
    """The address that is written there; raises UsageError if it is none, or of another scheme."""
    match = _URL.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no address: nothing may follow the port")
    scheme = _scheme(match[1] or usual, text, [one.value for one in Scheme if one in schemes])
    host, port = _host_and_port(match[3], text)
    return Address(host, _port(port, scheme, text), scheme, unquote(match[2] or "") or None)


def is_host_name(host: str) -> bool:
    """Whether it can be looked up: who looks up another stumbles over it (RFC 1035 2.3.4)."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True


def _scheme(word: str, text: str, known: Sequence[str]) -> Scheme:
    if word.casefold() in known:
        return Scheme(word.casefold())
    hint = nearest(word, known) or f"there are: {', '.join(known)}"
    raise UsageError(f"{text!r}: unknown scheme {word!r} ({hint})")


def _host_and_port(text: str, whole: str) -> tuple[str, str | None]:
    if text.count(":") > 1 and "[" not in text:
        raise UsageError(f"{whole!r}: an IPv6 address stands in brackets, [::1]:25")
    match = _HOST_AND_PORT.fullmatch(text)
    if match is None:
        raise UsageError(f"{whole!r} is no host or host:port")
    host = match[1]
    if host.startswith("["):
        return _ipv6(host[1:-1], whole), match[2]
    if not host:
        raise UsageError(f"{whole!r}: the host is missing")
    if _looks_like_ipv4(host):
        _check_ipv4(host, whole)
    elif not _HOST.fullmatch(host) or len(host) > 253:
        raise UsageError(f"{whole!r}: {host!r} is no host name")
    return host, match[2]


def _looks_like_ipv4(host: str) -> bool:
    return all(part.isdecimal() for part in host.split("."))


def _check_ipv4(host: str, whole: str) -> None:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        raise UsageError(f"{whole!r}: {host!r} is no IPv4 address") from None


def _ipv6(text: str, whole: str) -> str:
    try:
        return str(ipaddress.IPv6Address(text.removeprefix("IPv6:")))
    except ValueError:
        raise UsageError(f"{whole!r}: {text!r} is no IPv6 address") from None


def _port(text: str | None, scheme: Scheme, whole: str) -> int:
    if text is None:
        return _PORTS[scheme]
    if not re.fullmatch("[0-9]{1,5}", text, re.ASCII) or not 0 < int(text) < 65_536:
        raise UsageError(f"{whole!r}: {text!r} is no port (1 to 65535)")
    return int(text)
