"""What several tests of workers hold on to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest


@pytest.fixture
def held() -> Iterator[contextlib.ExitStack]:
    """Ports that are ours until the test ends."""
    with contextlib.ExitStack() as stack:
        yield stack
