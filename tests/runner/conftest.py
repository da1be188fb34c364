"""What tests of the runner share."""

from __future__ import annotations

import pytest

from tests.runner.stages import Author


@pytest.fixture
def author(tmp_path) -> Author:
    """Writes cases for this test."""
    return Author(tmp_path)
