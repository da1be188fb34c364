"""What our own sink took: a Maildir, without the Received field that the sink itself put on top.

Its Return-Path stays: it is the reverse-path that the target passed on.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace

from harness.content import read_message
from harness.delivery.maildir import Maildir
from harness.delivery.maildir_tree import Tree
from harness.delivery.stored import Stored


class SinkSpool:
    """The messages that the target relayed to us, for one recipient."""

    def __init__(self, tree: Tree, recipient: str, others: tuple[str, ...]) -> None:
        self._maildir = Maildir(tree, recipient, others)

    async def keys(self) -> frozenset[str]:
        """All that is there."""
        return await self._maildir.keys()

    async def fetch(self, known: Container[str]) -> Mapping[str, Stored]:
        """All that is there and is not known."""
        fresh = await self._maildir.fetch(known)
        return {key: as_relayed(stored) for key, stored in fresh.items()}


def as_relayed(stored: Stored) -> Stored:
    """The message as it came to the sink, below the reverse-path that came with it."""
    fields = read_message(stored.octets).fields
    ours = next((it for it in fields if it.name == "received"), None)
    if ours is None:
        return stored
    note = "our sink put a Received field on top, which was taken off before comparing"
    octets = stored.octets.replace(ours.octets, b"", 1)
    return replace(stored, octets=octets, changed=(*stored.changed, note))
