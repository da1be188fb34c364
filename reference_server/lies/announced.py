"""Lies about the size of messages, what SIZE announces and what MAIL declares (RFC 1870)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from harness.protocol.receiver import RULES, Occasion
from harness.protocol.transparency import DataReader
from reference_server.lies.model import Lie


class _AsOnTheWire(DataReader):
    """Counts the dots that were doubled."""

    def __init__(self, *, limit: int | None, **more: Any) -> None:
        super().__init__(limit=limit, **more)
        self._most = limit

    @property
    def too_big(self) -> bool:
        """Whether what came, dots and all, is over the limit."""
        return self._most is not None and self.size > self._most


class _CutShort(DataReader):
    """Takes so many octets for the whole text, and the rest for nothing."""

    def __init__(self, *, limit: int | None, **more: Any) -> None:
        super().__init__(**more)
        self._most = limit

    def take(self) -> bytes | None:
        """The text up to the limit."""
        content = super().take()
        return None if content is None else content[: self._most]


def _limited(change: Callable[[int], int | None]) -> Callable[..., DataReader]:
    """Readers with another limit than they are told."""

    def reader(*, limit: int, **more: Any) -> DataReader:
        return DataReader(limit=change(limit), **more)

    return reader


def _as_declared(declared: int, most: int) -> int:
    return declared or most


def _middling(content: bytes) -> Occasion | None:
    is_one = 2_000 < len(content) < 100_000
    return Occasion.TOO_BIG if is_one else RULES.object_to_content(content)


ANNOUNCED: Final[Mapping[str, Lie]] = {
    "size-unenforced": Lie(
        "a message over the announced maximum is taken",
        replace(RULES, data_reader=_limited(lambda limit: None), fits=lambda size, most: True),
    ),
    "size-one-less": Lie(
        "a message of just the announced maximum is refused",
        replace(RULES, data_reader=_limited(lambda limit: limit - 1)),
    ),
    "doubled-dots-counted": Lie(
        "dots that were doubled count twice", replace(RULES, data_reader=_AsOnTheWire)
    ),
    "declared-is-most": Lie(
        "a message larger than declared is refused", replace(RULES, longest_text=_as_declared)
    ),
    "declared-ends-text": Lie(
        "a message ends where its declared size does",
        replace(RULES, longest_text=_as_declared, data_reader=_CutShort),
    ),
    "agreed-and-too-big": Lie(
        "messages over 2000 octets, declared or not, are answered 552",
        replace(RULES, object_to_content=_middling),
    ),
}
