"""The commands of the TRANSACTION state: what each does to a maildrop, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from harness.protocol.pop3.commands import read_number
from harness.protocol.pop3.events import Event, Retrieve
from harness.protocol.pop3.maildrop import Entry, Maildrop
from harness.protocol.pop3.order import Verb
from harness.protocol.pop3.saying import Voice


def counted(maildrop: Maildrop) -> str:
    """How many messages there are, and how much they are."""
    return f"{len(maildrop)} messages ({maildrop.octets} octets)"


def _stat(maildrop: Maildrop, voice: Voice) -> None:
    voice.ok(f"{len(maildrop)} {maildrop.octets}")


def _list(maildrop: Maildrop, voice: Voice, number: str | None = None) -> None:
    _tell(maildrop, voice, number, lambda entry: str(entry.octets))


def _uidl(maildrop: Maildrop, voice: Voice, number: str | None = None) -> None:
    _tell(maildrop, voice, number, lambda entry: entry.uid)


def _tell(
    maildrop: Maildrop, voice: Voice, number: str | None, what: Callable[[Entry], str]
) -> None:
    if number is None:
        voice.ok(counted(maildrop))
        voice.lines(f"{at} {what(entry)}" for at, entry in maildrop.numbered())
    elif (entry := _find(maildrop, voice, number)) is not None:
        voice.ok(f"{int(number)} {what(entry)}")


def _retr(maildrop: Maildrop, voice: Voice, number: str) -> Event | None:
    entry = _find(maildrop, voice, number)
    return None if entry is None else Retrieve(entry)


def _top(maildrop: Maildrop, voice: Voice, number: str, lines: str) -> Event | None:
    count = read_number(lines)
    if count is None:
        voice.err("the second argument of TOP is a number of lines")
        return None
    entry = _find(maildrop, voice, number)
    return None if entry is None else Retrieve(entry, count)


def _dele(maildrop: Maildrop, voice: Voice, number: str) -> None:
    if _find(maildrop, voice, number) is not None:
        maildrop.mark(int(number))
        voice.ok(f"message {int(number)} deleted")


def _noop(maildrop: Maildrop, voice: Voice) -> None:
    voice.ok("nothing done")


def _rset(maildrop: Maildrop, voice: Voice) -> None:
    maildrop.unmark()
    voice.ok(counted(maildrop))


def _find(maildrop: Maildrop, voice: Voice, number: str) -> Entry | None:
    entry = maildrop.find(read_number(number))
    if entry is None:
        voice.err(f"no such message, of {maildrop.last} that there were")
    return entry


DOERS: Final[Mapping[Verb, Callable[..., Event | None]]] = {
    Verb.STAT: _stat,
    Verb.LIST: _list,
    Verb.UIDL: _uidl,
    Verb.RETR: _retr,
    Verb.TOP: _top,
    Verb.DELE: _dele,
    Verb.NOOP: _noop,
    Verb.RSET: _rset,
}
