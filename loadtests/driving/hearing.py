"""What a server says, made out from octets: by heart where it was said before."""

from __future__ import annotations

from harness.protocol.replies import Fault, Reply, ReplyReader, plain_reply
from loadtests.driving.familiar import Familiar


class Hearing:
    """The replies on one connection, wherever the network cuts them."""

    __slots__ = ("_known", "_learn", "_reader", "is_endless", "is_within", "replies")

    def __init__(self, familiar: Familiar) -> None:
        self._known, self._learn = familiar.get, familiar.learn
        self._reader = ReplyReader()
        self.is_within = False  # a reply whose end has not come
        self.is_endless = False  # one was so long that its end was not waited for
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
            known = self._known(octets[cut:]) if cut < len(octets) else ()
            if known is not None and (first := plain_reply(octets[:cut])) is not None:
                replies = (first, *known)
                self.replies.extend(replies)
                self._learn(octets, replies)
                return
        self._make_out(octets)

    def _make_out(self, octets: bytes) -> None:
        replies, reader, was_within = self.replies, self._reader, self.is_within
        held = len(replies)
        reader.feed(octets)
        while (reply := reader.take()) is not None:
            replies.append(reply)
            self.is_endless = self.is_endless or Fault.ENDLESS in reply.faults
        self.is_within = reader.is_midway
        if not (was_within or self.is_within):
            self._learn(octets, replies[held:])
