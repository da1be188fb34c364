"""Again: `run --last-failed` and `run --watch`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cli.last_run import last_failed, remember
from harness.cli.watching import changes
from tests.reports.outcomes import ERROR, FAIL, INFO, KNOWN, MET, SKIP, WARN, a_run

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of this test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def at(address, outcome):
    return replace(outcome, address=address)


def test_what_was_unmet_is_remembered_by_target():
    remember("one", a_run(at("a", FAIL), at("b", WARN), at("c", ERROR), at("d", MET),
                          at("e", INFO), at("f", KNOWN), at("g", SKIP)))  # fmt: skip

    assert last_failed("one") == {"a", "b", "c"}
    assert last_failed("other") == frozenset()


def test_what_a_run_did_not_play_stays_as_it_was():
    remember("one", a_run(at("a", FAIL), at("b", FAIL), at("c", FAIL)))
    remember("one", a_run(at("a", MET), at("b", SKIP)))

    assert last_failed("one") == {"b", "c"}


def test_where_nothing_can_be_kept_nothing_is(cache):
    cache.write_text("no folder")
    remember("one", a_run(FAIL))

    assert last_failed("one") == frozenset()


@pytest.mark.slow
def test_only_what_failed_is_played_again(invoke):
    words = ("run", "--fault", "no-unstuff", "-s", "rfc5321/4.5.2")
    assert " fail   unmet" in invoke(*words).output

    again = invoke(*words, "--last-failed").output
    assert re.match(r"\d cases against our own server with the fault no-unstuff", again)


@pytest.mark.slow
def test_where_nothing_failed_all_is_played(invoke):
    done = invoke("run", "-s", "textbook/dialogue", "--last-failed")

    assert done.exit_code == 0
    assert "nothing of this was unmet the last time: all of it is played" in done.stderr
    assert "3 of 3 cases judged" in done.output


# --- watching -----------------------------------------------------------------------------------


def test_a_change_is_whatever_makes_a_file_another_one(tmp_path):
    suite = tmp_path / "a.smtp.yaml"
    suite.write_text("suite: a\n")
    other = tmp_path / "notes.txt"
    steps = iter([
        lambda: None,
        lambda: other.write_text("not a suite"),
        lambda: suite.write_text("suite: abc\n"),
        lambda: os.utime(suite, ns=(1, 1)),
        lambda: (tmp_path / "b.smtp.yaml").write_text("suite: b\n"),
        lambda: suite.unlink(),
        lambda: None,
    ])  # fmt: skip
    done = []

    def pause(seconds):
        step = next(steps, None)
        if step is None:
            raise KeyboardInterrupt
        step()
        done.append(seconds)

    looks = changes([str(tmp_path)], pause)
    seen = [len(done) for _ in range(5) if next(looks) is None]
    with pytest.raises(KeyboardInterrupt):
        next(looks)

    assert seen == [0, 3, 4, 5, 6]


SUITE = """\
suite: mine/a
title: Mine
cases:
  - id: greets
    title: It greets
    checks: [5321-4.2-3]
    dialogue: |
      S: {code}
"""


def put(path, text):
    """As editors do: at once, so that nobody sees half of it."""
    beside = path.with_suffix(".part")
    beside.write_text(text)
    beside.replace(path)


@pytest.mark.slow
def test_a_suite_is_run_again_when_it_changes_also_after_a_mistake(tmp_path):
    path = tmp_path / "a.smtp.yaml"
    path.write_text(SUITE.format(code=220))
    command = [sys.executable, "-m", "harness.cli", "run", "--watch", "-s", path]
    watching = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:

        def await_watching():
            said = ""
            for line in watching.stderr:
                if line.startswith("watching"):
                    return said
                said += line
            raise AssertionError(said)

        await_watching()
        put(path, "suite: [")
        told_of_mistake = await_watching()
        put(path, SUITE.format(code=554))
        await_watching()
        watching.send_signal(signal.SIGINT)
        told = watching.communicate(timeout=60)[0]
    finally:
        watching.kill()

    assert told_of_mistake.startswith("error: not YAML")
    assert "1 met" in told
    assert "wanted 554" in told
    assert watching.returncode == 1
