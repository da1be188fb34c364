"""One reference server for all tests of a process that only talk to it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.cli.embedded import embedded


@pytest.fixture(scope="session")
def server():
    with embedded() as target:
        yield target


@pytest.fixture
def invoke():
    def invoke(*words, **options):
        return CliRunner().invoke(main, list(map(str, words)), prog_name="smtp-harness", **options)

    return invoke


SUITE = """\
suite: mine/greeting
title: Mine
cases:
  - id: greets
    title: It greets
    checks: [5321-4.2-3]
    note: A note of the author.
    dialogue: |
      S: 220

  - id: helps
    title: It {word}s
    checks: [5321-4.2-1]
    each:
      - {id: helo, word: HELO}
      - {id: noop, word: NOOP}
    start: greeting
    dialogue: |
      C: {word} {our_name}
      S: 250
"""


@pytest.fixture
def suite(tmp_path, monkeypatch):
    """A suite of the user's own, in the current directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.smtp.yaml"
    path.write_text(SUITE)
    return path
