"""Reading back what was delivered: where it is, what the store did to it, how it differs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from harness.delivery.compare import Difference, Wanted, compare
from harness.delivery.maildir import Maildir
from harness.delivery.message import Stored

__all__ = ["Difference", "Reader", "Stored", "Wanted", "compare", "open_reader"]


class Reader(Protocol):
    """Reads what arrives for one recipient after it was opened."""

    def messages(self) -> list[Stored]:
        """What has arrived so far."""


def open_reader(url: str, recipient: str, others: Sequence[str] = ()) -> Reader:
    """The reader of a delivery URL; `others` are recipients that share it."""
    scheme, _, path = url.partition(":")
    assert scheme == "maildir", "the target has refused all that we cannot read"
    return Maildir(Path(path), recipient, others)
