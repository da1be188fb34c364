"""Naming: what a reply to an event may name of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from harness.protocol.receiver.events import Chunk, Etrn, Event, Hello, LogIn, Mail, Recipient

_NOTHING: Final[Mapping[str, str]] = {}


def facts_of(event: Event | None) -> Mapping[str, str]:
    """The facts that may fill the holes of an answer's text."""
    name = _NAMES.get(type(event))
    return _NOTHING if name is None else name(event)


def _of_mail(event: Mail) -> Mapping[str, str]:
    priority = dict(event.parameters).get("MT-PRIORITY") or "0"
    return {"address": str(event.reverse_path), "priority": priority}


_NAMES: Final[Mapping[type, Callable[[Any], Mapping[str, str]]]] = {
    Hello: lambda event: {"client": event.client},
    Mail: _of_mail,
    Recipient: lambda event: {"address": str(event.addressee)},
    Chunk: lambda event: {"size": str(event.size)},
    Etrn: lambda event: {"node": event.node},
    LogIn: lambda event: {"challenge": event.judge().challenge},
}
