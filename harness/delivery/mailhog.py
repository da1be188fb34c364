"""MailHog, by its HTTP API: /api/v2/messages holds the messages with their envelopes.

What it was sent is there without the last line end; what it adds on top stands in a table of
fields, from which the two of delivery are put back where they belong.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any, Final

import trio

from harness.delivery.doors import Door
from harness.delivery.stored import Stored
from harness.delivery.web import get_json
from harness.errors import PeerError

_PAGE: Final = 250  # messages of a list; it gives no more at once
_ON_TOP: Final = ("Return-Path", "Received")
NO_END: Final = "MailHog drops the last line end, which was undone before comparing"
LOST: Final = "MailHog tells texts as UTF-8: octets that are none came as U+FFFD"


class MailHog:
    """The messages whose envelope names one recipient."""

    def __init__(self, door: Door, recipient: str) -> None:
        self._door = door
        self._recipient = recipient.casefold()

    async def keys(self) -> frozenset[str]:
        """All that is there."""
        found = await trio.to_thread.run_sync(self._all, abandon_on_cancel=True)
        return frozenset(found)

    async def fetch(self, known: Container[str]) -> Mapping[str, Stored]:
        """All that is there and is not known, oldest first."""
        found = await trio.to_thread.run_sync(self._all, abandon_on_cancel=True)
        fresh = [(key, stored) for key, stored in found.items() if key not in known]
        return dict(reversed(fresh))

    def _all(self) -> dict[str, Stored]:
        try:
            return {
                str(item["ID"]): as_sent(item, str(self._door.address))
                for item in self._items()
                if self._recipient in (it.casefold() for it in item["Raw"]["To"])
            }
        except (KeyError, TypeError, AttributeError) as error:
            raise PeerError(
                f"{self._door.address.endpoint}: this is no list of MailHog's: {error!r}"
            ) from error

    def _items(self) -> Iterator[Mapping[str, Any]]:
        start, count = 0, _PAGE
        while count == _PAGE:
            answer = get_json(self._door, "api/v2/messages", start=start, limit=_PAGE)
            found = list(answer["items"] or ())
            yield from found
            count = len(found)
            start += count


def as_sent(item: Mapping[str, Any], where: str) -> Stored:
    """The message of an item of a list."""
    fields = {name.casefold(): texts for name, texts in item["Content"]["Headers"].items()}
    on_top = "".join(
        f"{name}: {texts[-1]}\r\n" for name in _ON_TOP if (texts := fields.get(name.casefold()))
    )
    text = f"{on_top}{item['Raw']['Data']}\r\n"
    changed = (NO_END, LOST) if "\N{REPLACEMENT CHARACTER}" in text else (NO_END,)
    return Stored(text.encode(errors="surrogatepass"), f"{where} message {item['ID']}", changed)
