"""One reference server for all tests of a process that only talk to it."""

from __future__ import annotations

import psutil
import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.cli.embedded import embedded
from harness.cli.serving import serving
from tests.cli.loads import Loaded, short, written


@pytest.fixture(scope="session")
def server():
    with embedded() as target:
        yield target


@pytest.fixture
def invoke():
    def invoke(*words, **options):
        return CliRunner().invoke(main, list(map(str, words)), prog_name="smtp-harness", **options)

    return invoke


@pytest.fixture
def load(invoke, tmp_path):
    """A load run to its end; the profile is a text, or the name of a shipped one."""

    def load(*words, profile=None):
        profile = profile or short()
        named = written(tmp_path, profile) if "\n" in profile else profile
        path = tmp_path / "result.json"
        done = invoke("load", *words, "--profile", named, "--json", path)
        return Loaded(status=done.exit_code, said=done.output, path=path)

    return load


@pytest.fixture
def sink(tmp_path):
    """A sink of ours in a process of its own: where it listens, and the process."""
    before = set(psutil.Process().children())
    words = ["--sink", "--port", "0", "--domain", "example.test"]
    with serving(words, tmp_path / "stderr") as (address,):
        (process,) = set(psutil.Process().children()) - before
        yield str(address), process


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
