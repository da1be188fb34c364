from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness.cli.generator import broken, generate, last_words
from harness.load_results import End, read
from tests.ports import deserted_port


@pytest.fixture
def options(tmp_path: Path) -> Iterator[list[str]]:
    """A run of a minute against a port where nobody listens."""
    profile = tmp_path / "long.yaml"
    profile.write_text("about: long\nduration: 60s\n")
    with deserted_port() as port:
        yield [
            *("-H", f"127.0.0.1:{port}", "--smtp-profile", str(profile)),
            *("--smtp-result", str(tmp_path / "result.json")),
        ]


@pytest.mark.slow
def test_a_generator_that_does_not_end_in_time_is_killed(options: list[str], tmp_path: Path):
    assert generate(options, tmp_path, patience=0.0, look=lambda: None) == -signal.SIGKILL
    assert last_words(tmp_path).endswith("it had not ended after 0 s, so we killed it")


@pytest.mark.slow
def test_a_generator_that_somebody_killed_is_said_to_have_been(options: list[str], tmp_path: Path):
    def kill() -> None:
        (child,) = (one for one in psutil.Process().children() if "locust" in one.cmdline())
        child.kill()

    status = generate(options, tmp_path, patience=50, look=kill)

    told = str(broken("the load generator", status, tmp_path))
    assert told == "the load generator was killed by SIGKILL: it said nothing"


@pytest.mark.parametrize(("status", "told"), [
    (1, "the worker broke off (status 1): out of luck"),
    (-11, "the worker was killed by SIGSEGV: out of luck"),
    (-40, "the worker was killed by signal 40: out of luck"),
])  # fmt: skip
def test_how_a_generator_ended_is_told_with_its_last_words(status: int, told: str, tmp_path: Path):
    (tmp_path / "log").write_text("out of luck\n")

    assert str(broken("the worker", status, tmp_path)) == told


@pytest.mark.slow
def test_a_generator_does_not_outlive_our_own_trouble(options: list[str], tmp_path: Path):
    def fail() -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        generate(options, tmp_path, patience=50, look=fail)

    children = psutil.Process().children()
    assert not [child for child in children if "locust" in child.cmdline()]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_for_us_ends_the_generator_in_good_order(
    options: list[str], tmp_path: Path, number: int
):
    before = signal.getsignal(number)

    def signal_once_it_runs() -> None:
        if (tmp_path / "result.json").exists():
            os.kill(os.getpid(), number)

    status = generate(options, tmp_path, patience=50, look=signal_once_it_runs)

    assert status == 128 + number
    assert read(tmp_path / "result.json").end is End.INTERRUPTED
    assert signal.getsignal(number) is before


@pytest.mark.slow
def test_the_environment_of_locust_does_not_change_the_run(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LOCUST_USERS", "1000")
    monkeypatch.setenv("LOCUST_RUN_TIME", "nonsense")

    status = generate([*options, "-t", "1"], tmp_path, patience=20, look=lambda: None)

    assert status == 3
    assert read(tmp_path / "result.json").end is End.COMPLETE


@pytest.mark.slow
def test_what_locust_said_last_is_kept_for_who_must_find_out(tmp_path: Path):
    status = generate(["-H", "mx.example.test"], tmp_path, patience=20, look=lambda: None)

    assert status == 2
    assert "is not on loopback" in last_words(tmp_path)


def test_a_generator_that_said_nothing_is_said_to_have(tmp_path: Path):
    assert last_words(tmp_path) == "it said nothing"
