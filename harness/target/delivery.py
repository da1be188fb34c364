"""Where mail can be read back: the URLs of `delivery:` and `--delivery`, checked and made whole.

`{recipient}` and `{local}` in one stand for the address that is read, and what is before its @.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.errors import UsageError
from harness.target.address import IMAPS, READERS, WEB, Address, Scheme, read_address
from harness.target.command import name_of, read_command
from harness.target.secret import Login, read_login
from harness.target.target import ANY

SERVERS: Final[Mapping[str, Collection[Scheme]]] = {
    "pop3": READERS,
    "pop3s": READERS,
    "imap": IMAPS,
    "imaps": IMAPS,
    "mailpit+http": WEB,
    "mailpit+https": WEB,
    "mailhog+http": WEB,
    "mailhog+https": WEB,
}
SINK_SCHEMES: Final = frozenset({Scheme.SMTP, Scheme.LMTP})

# A recipient, then a URL: bob@example.test=maildir:/srv/mail/bob
_DELIVERY = re.compile(r"(?:([^=]*@[^=]*|postmaster)=)?([a-z0-9+]+):(.+)", re.IGNORECASE)
_SERVER = re.compile(r"//(?:(?P<login>.*)@)?(?P<endpoint>[^@/]*)(?:/(?P<folder>.*))?")
_FURTHER = re.compile(r"[\s:@]")  # where of a text that is no URL a password may begin
_DOORS = frozenset({"env", "file"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """A server that shows delivered mail, whose mail, and where the password is."""

    address: Address
    login: Login | None = None  # a name without a source: the password is where it usually is
    has_source: bool = False
    folder: str = "INBOX"  # a mailbox of IMAP; of what speaks HTTP the path above its API


def read_delivery(text: str, directory: Path = Path()) -> tuple[str, str]:
    """A recipient (or ANY) and a URL, whose path begins at `directory` if it is relative.

    Raises UsageError, whose words hold nothing of the URL that might be a password.
    """
    scheme, colon, rest = text.partition(":")
    if not (colon and scheme.casefold() in _KINDS and rest):
        match = _DELIVERY.fullmatch(text)
        if match is None:
            begin = re.split(_FURTHER, text)[0]
            raise UsageError(f"delivery {begin!r} is no URL such as maildir:/srv/mail/alice")
        recipient, scheme, rest = match[1] or ANY, match[2], match[3]
    else:
        recipient = ANY
    kind = scheme.casefold()
    if kind not in _KINDS:
        raise UsageError(f"delivery: cannot read {scheme!r} (there are: {', '.join(_KINDS)})")
    return recipient, f"{kind}:{_KINDS[kind](kind, rest, directory)}"


def _path(kind: str, text: str, directory: Path) -> str:
    return str(directory / Path(text).expanduser())


def _server(kind: str, text: str, directory: Path) -> str:
    read_server(f"{kind}:{text}", directory)
    return text


def _sink(kind: str, text: str, directory: Path) -> str:
    return str(read_address(text, SINK_SCHEMES))


def _command(kind: str, text: str, directory: Path) -> str:
    try:
        return read_command(text)
    except UsageError as problem:
        raise UsageError(f"delivery {kind}: {problem}") from None


def shown(url: str) -> str:
    """A URL of `delivery:` as it may be told to anybody: of a command its name alone."""
    kind, _, rest = url.partition(":")
    return f"{kind}:{name_of(rest)}" if kind == "command" else url


def read_server(url: str, directory: Path = Path()) -> MailServer:
    """What a URL such as `imap://alice:env:NAME@host:143/INBOX` says; raises UsageError."""
    kind, _, rest = url.partition(":")
    scheme = kind.rpartition("+")[2]
    match = _SERVER.fullmatch(rest)
    if match is None:
        raise UsageError(f"delivery {kind}: such a URL is {kind}://[USER[:env:NAME]@]HOST[:PORT]")
    address = read_address(f"{scheme}://{match['endpoint']}", SERVERS[kind])
    who = match["login"]
    if who is None and "+" not in kind:
        raise UsageError(f"delivery {kind}: whose mailbox? {kind}://USER@{address.endpoint}")
    return MailServer(
        address=address,
        login=_login(kind, who, directory) if who else None,
        has_source=":" in (who or ""),
        folder=match["folder"] or ("" if "+" in kind else "INBOX"),
    )


def _login(kind: str, text: str, directory: Path) -> Login:
    user, colon, source = text.partition(":")
    word, _, path = source.partition(":")
    if colon and word not in _DOORS:
        raise UsageError(
            f"delivery {kind}: the login of {user!r} names no source of a password: "
            f"{user}:env:NAME or {user}:file:PATH (never the password itself)"
        )
    return read_login(f"{user}:file:{_path(kind, path, directory)}" if word == "file" else text)


_KINDS: Final[Mapping[str, Callable[[str, str, Path], str]]] = {
    **dict.fromkeys(("maildir", "mbox", "mboxrd", "dir"), _path),
    **dict.fromkeys(SERVERS, _server),
    "sink": _sink,
    "command": _command,
}
