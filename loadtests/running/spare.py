"""A descriptor that is kept for what has to be written when connections have taken all others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from gevent import monkey

_close: Final[Any] = monkey.get_original("os", "close")  # gevent closes later
_NONE: Final = -1


class Spare:
    """One descriptor that nobody else gets."""

    def __init__(self) -> None:
        self._held = _take()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """A file may be opened meanwhile, and must be closed again; nobody else may run."""
        if self._held != _NONE:
            _close(self._held)
        self._held = _NONE  # the number may be another's from now on
        try:
            yield
        finally:
            self._held = _take()


def _take() -> int:
    """One descriptor, or none: all processes together may have taken what the system has."""
    try:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return _NONE
