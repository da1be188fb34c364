"""Mailpit, by its HTTP API: /api/v1/messages lists, /api/v1/message/ID/raw is a message.

It keeps no envelope: whoever is not named in To, Cc or Bcc is added to Bcc, so a message is for all
whom these name.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

import trio

from harness.content import Field, read_message
from harness.delivery.doors import Door
from harness.delivery.stored import Stored
from harness.delivery.web import get, get_json
from harness.errors import PeerError

_PAGE: Final = 250  # messages of a list
_NAMED: Final = ("To", "Cc", "Bcc")
_ADDED: Final = "Mailpit put {} on top, which was taken off before comparing"


class Mailpit:
    """The messages that name one recipient."""

    def __init__(self, door: Door, recipient: str) -> None:
        self._door = door
        self._recipient = recipient.casefold()

    async def keys(self) -> frozenset[str]:
        """All that is there."""
        return await trio.to_thread.run_sync(
            lambda: frozenset(self._listed()), abandon_on_cancel=True
        )

    async def fetch(self, known: Container[str]) -> Mapping[str, Stored]:
        """All that is there and is not known, oldest first."""
        return await trio.to_thread.run_sync(self._fetch, known, abandon_on_cancel=True)

    def _fetch(self, known: Container[str]) -> Mapping[str, Stored]:
        fresh = [key for key in self._listed() if key not in known]
        return {key: self._read(key) for key in reversed(fresh)}

    def _read(self, key: str) -> Stored:
        path = f"api/v1/message/{quote(key, safe='')}/raw"
        return without_additions(Stored(get(self._door, path), f"{self._door.address}/{path}"))

    def _listed(self) -> Iterator[str]:
        """Newest first."""
        start, count = 0, _PAGE
        while count == _PAGE:
            answer = get_json(self._door, "api/v1/messages", start=start, limit=_PAGE)
            try:
                found = list(answer["messages"] or ())
                yield from (str(one["ID"]) for one in found if self._is_ours(one))
            except (KeyError, TypeError, AttributeError) as error:
                raise PeerError(
                    f"{self._door.address.endpoint}: this is no list of Mailpit's: {error!r}"
                ) from error
            count = len(found)
            start += count

    def _is_ours(self, summary: Mapping[str, Any]) -> bool:
        if "@" not in self._recipient:
            return True  # what is no address is named in no field
        named = (it["Address"].casefold() for name in _NAMED for it in summary.get(name) or ())
        return self._recipient in named


def without_additions(stored: Stored) -> Stored:
    """The message without the fields that only Mailpit puts above its Received field."""
    octets, changed = stored.octets, stored.changed
    for field in _above_received(octets):
        is_its_id = field.name == "message-id" and field.text.endswith("@mailpit>")
        if field.name == "bcc" or is_its_id:
            octets = octets.replace(field.octets, b"", 1)
            changed = (*changed, _ADDED.format(field.octets.partition(b":")[0].decode("ascii")))
    return replace(stored, octets=octets, changed=changed)


def _above_received(octets: bytes) -> tuple[Field, ...]:
    fields = read_message(octets).fields
    names = [field.name for field in fields]
    return fields[: names.index("received")] if "received" in names else ()
