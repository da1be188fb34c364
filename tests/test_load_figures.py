"""docs/results.md names each member of a load result, and the figures that follow from them."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from harness.load_results import (
    Accounting,
    Break,
    Generator,
    Interval,
    Judged,
    LoadResult,
    Messages,
    Misfortune,
    Series,
    Stage,
    Trouble,
    UnderLoad,
)
from harness.load_results.figures import figures
from tests.reports.load_runs import lossy

ROOT = Path(__file__).parent.parent
VALUES = (
    LoadResult, Messages, Trouble, Judged, Stage, Generator, Series, Interval, Accounting,
    Misfortune, UnderLoad, Break,
)  # fmt: skip


@pytest.fixture(scope="module")
def named() -> set[str]:
    """Every word in code in the docs' section."""
    text = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    section = text.partition("## Load results")[2]
    return {
        word for code in re.findall(r"`([^`]+)`", section) for word in re.findall(r"[\w.]+", code)
    }


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.__name__)
def test_every_member_is_in_the_docs(value: type, named: set[str]):
    assert {field.name for field in fields(value)} - named == set()


def test_every_figure_is_in_the_docs(named: set[str]):
    found = figures(lossy())
    inner = {*found["latency"]["message"], *found["stages"][0]}

    assert ({*found} | inner) - named == set()
