"""What a server says, made out from octets: by heart where it was said before."""

from __future__ import annotations

from harness.protocol.replies import Reply, ReplyReader, plain_reply
from loadtests.driving.familiar import Familiar


class Hearing:
    """The replies on one connection, wherever the network cuts them."""

    __slots__ = ("_familiar", "_known", "_last", "_reader", "is_within", "replies")

    def __init__(self, familiar: Familiar) -> None:
        self._familiar = familiar
        self._known = familiar.get
        self._last = b""  # line that stood before familiar replies
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
        if not self.is_within:
            # The reply to a text bears a number of its own; those to the next envelope do not.
            cut = octets.find(b"\n") + 1
            known = self._known(octets[cut:])
            if known is not None and (first := plain_reply(octets[:cut])) is not None:
                self._put_together(octets, first, known)
                return
        self._make_out(octets)

    def _put_together(self, octets: bytes, first: Reply, others: tuple[Reply, ...]) -> None:
        replies = (first, *others)
        self.replies.extend(replies)
        if first.octets == self._last:  # or it bears none
            self._familiar.learn(octets, replies)
        self._last = first.octets

    def _make_out(self, octets: bytes) -> None:
        replies, reader, was_within = self.replies, self._reader, self.is_within
        held = len(replies)
        reader.feed(octets)
        while (reply := reader.take()) is not None:
            replies.append(reply)
        self.is_within = bool(reader.left)
        if not (was_within or self.is_within):
            self._familiar.learn(octets, replies[held:])
