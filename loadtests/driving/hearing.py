"""What a server says, made out from octets: by heart where it was said before."""

from __future__ import annotations

from typing import Final

from harness.protocol.replies import Reply, ReplyReader
from loadtests.driving.familiar import Familiar

_CRLF: Final = b"\r\n"


class Hearing:
    """The replies on one connection, wherever the network cuts them."""

    __slots__ = ("_familiar", "_reader", "is_within", "replies")

    def __init__(self, familiar: Familiar) -> None:
        self._familiar = familiar
        self._reader = ReplyReader()
        self.is_within = False  # a reply whose end has not come
        self.replies: list[Reply] = []  # that have come and were not handed on

    def clear(self) -> None:
        """Forget what has come."""
        self._reader.clear()
        self.is_within = False
        self.replies.clear()

    def take(self, octets: bytes) -> None:
        """Make out what nobody has said before in just these octets."""
        # The reply to a text bears a number of its own; those to the next envelope come with it.
        cut = octets.find(_CRLF) + len(_CRLF)
        if self.is_within or not len(_CRLF) <= cut < len(octets):
            self._make_out(octets)
            return
        held = len(self.replies)
        is_first_known = self._make_out(octets[:cut])
        if self._make_out(octets[cut:]) and is_first_known:
            self._familiar.learn(octets, self.replies[held:])

    def _make_out(self, octets: bytes) -> bool:
        """Read replies from octets; whether all of this was said before."""
        replies, reader, was_within = self.replies, self._reader, self.is_within
        known = None if was_within else self._familiar.get(octets)
        if known is not None:
            replies.extend(known)
            return True
        held = len(replies)
        reader.feed(octets)
        while (reply := reader.take()) is not None:
            replies.append(reply)
        self.is_within = bool(reader.left)
        if not (was_within or self.is_within):
            self._familiar.learn(octets, replies[held:])
        return False
