"""Which copies of messages have been seen; a message has a copy for each of its recipients."""

from __future__ import annotations

from collections.abc import Iterator

from harness.accounting.ranges import Ranges

Message = tuple[int, int]  # sender and serial


class Copies:
    """Copies by message and number of the recipient; messages seen whole take next to no room."""

    def __init__(self) -> None:
        self.whole: dict[tuple[int, int], Ranges] = {}  # by sender and number of copies
        self.part: dict[Message, int] = {}  # a bit for each copy that was seen
        self._sizes: set[int] = set()  # numbers of copies that a message had

    def add(self, message: Message, copy: int, of: int) -> bool:
        """A copy has been seen, of so many that there may be; False if it was seen before."""
        sender, serial = message
        seen = self.part.get(message, 0)
        if seen >> copy & 1 or (not seen and self._is_whole(sender, serial, of)):
            return False
        seen |= 1 << copy
        if seen == (1 << of) - 1:
            self.part.pop(message, None)
            self._sizes.add(of)
            self.whole.setdefault((sender, of), Ranges()).add(serial)
        else:
            self.part[message] = seen
        return True

    def seen(self, message: Message, of: int) -> int:
        """The copies that have been seen, a bit each."""
        if self._is_whole(*message, of):
            return (1 << of) - 1
        return self.part.get(message, 0)

    @property
    def count(self) -> int:
        """How many copies have been seen."""
        return sum(of * len(serials) for (_, of), serials in self.whole.items()) + sum(
            seen.bit_count() for seen in self.part.values()
        )

    def found(self, message: Message) -> int:
        """The copies that have been seen, of however many there may be."""
        sender, serial = message
        for of in self._sizes:
            if self._is_whole(sender, serial, of):
                return (1 << of) - 1
        return self.part.get(message, 0)

    def _is_whole(self, sender: int, serial: int, of: int) -> bool:
        serials = self.whole.get((sender, of))
        return serials is not None and serial in serials


def bits(seen: int) -> Iterator[int]:
    """The numbers of the bits that are set."""
    number = 0
    while seen:
        if seen & 1:
            yield number
        seen >>= 1
        number += 1
