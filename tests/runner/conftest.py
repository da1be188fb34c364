"""What tests of the runner share."""

from __future__ import annotations

import pytest

from tests.runner.posting import Postman
from tests.runner.stages import Author


@pytest.fixture
def author(tmp_path) -> Author:
    """Writes cases for this test."""
    return Author(tmp_path)


@pytest.fixture
def postman(tmp_path):
    """A peer that delivers into Maildirs."""
    return Postman(tmp_path / "mail")
