"""Suites under load: a server that is right until it has much to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.cli.choosing import choose
from harness.cli.embedded import embedded
from harness.cli.under_load import SAMPLE, command_of, is_fit, under_load, words_of
from harness.errors import HarnessError, UsageError
from harness.load_results import read
from harness.target import Address, Target
from tests.ports import deserted_port

CASES = [case for suite in choose(SAMPLE) for case in suite.cases]
# Right up to so many messages a second, counting what the suites send.
BUSY = "- {name: busy, at: MAIL, rate: 60/s, burst: 60, reply: 451 4.3.2 too much at once}\n"


@pytest.mark.parametrize("word", SAMPLE)
def test_every_word_of_our_sample_means_cases_that_can_be_played_under_load(word):
    assert any(is_fit(case) for suite in choose([word]) for case in suite.cases)


def test_our_sample_is_no_attack():
    assert {case.grade for case in CASES} <= {None, "MUST", "SHOULD"}
    assert {case.suite.split("/")[0] for case in CASES} == {"rfc5321", "rfc2920"}


@pytest.mark.parametrize("need", ["delivery", "slow", "big-message"])
def test_cases_that_read_mail_back_or_are_slow_or_large_are_left_out(need):
    fit = next(case for case in CASES if is_fit(case))

    assert not is_fit(replace(fit, needs=(*fit.needs, need)))


def test_who_names_nothing_that_can_be_played_is_told(server):
    with (
        pytest.raises(UsageError, match=r"--conformance-under-load textbook/dialogue: every case"),
        under_load(server, ["textbook/dialogue"]),
    ):
        pytest.fail("it begins")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("rfc532", "did you mean 'rfc5321'?"),
        ("target.yaml", "smtp-harness list names them all); TARGET stands before"),
    ],
)
def test_a_word_that_names_no_suite_is_refused_with_the_nearest_one(server, word, hint):
    with (
        pytest.raises(UsageError, match=r"^--conformance-under-load: no case is named ") as told,
        under_load(server, ["rfc2920", word]),
    ):
        pytest.fail("it begins")

    assert f"{word!r} ({hint}" in str(told.value)


@pytest.mark.slow
def test_where_nothing_is_met_nothing_can_break():
    with (
        embedded("no-help") as target,
        pytest.raises(UsageError, match="no case is met before the load"),
        under_load(replace(target, arguments=()), ["rfc5321/4.1.1.8/help"]),
    ):
        pytest.fail("it begins")


@pytest.mark.slow
def test_a_target_that_nobody_answers_for_is_told_as_run_tells_it():
    with deserted_port() as port:
        target = Target(address=Address("127.0.0.1", port))
        with (
            pytest.raises((HarnessError, UsageError), match="before the load"),
            under_load(target, ["rfc2920"]),
        ):
            pytest.fail("it begins")


@pytest.fixture
def load(invoke, tmp_path):
    def load(*words, **options):
        (tmp_path / "profile.yaml").write_text(
            "about: for tests\nusers: 4\nrate: 300/s\nduration: 8s\n"
            "thresholds: [failures <= 100%, late <= 100%, unsent <= 100%]\n"
        )
        done = invoke(
            "load", *words, "--profile", tmp_path / "profile.yaml", "--json", tmp_path / "r.json",
            "--conformance-under-load", "rfc5321/3.3",
        )  # fmt: skip
        return done, read(tmp_path / "r.json").under_load

    return load


# words of a command line after the target is known -> what the suites are called with
NAMED = {
    "a file": (("target.yaml", "--to", "a@b.test"), ["target.yaml", "--to", "a@b.test"]),
    "our own server": ((), [
        "smtp://h.test:25", "--insecure", "--to", "postmaster",
        "--from", "sender@client.example.test",
    ]),
    "our own server, and more": (("--to", "a@b.test", "--from", ""), [
        "smtp://h.test:25", "--to", "a@b.test", "--from", "", "--insecure",
    ]),
}  # fmt: skip


@pytest.mark.parametrize(("words", "said"), NAMED.values(), ids=NAMED)
def test_the_suites_are_run_on_the_very_target(words, said):
    target = Target(address=Address("h.test", 25), arguments=words)

    assert list(words_of(target)) == said


@pytest.mark.parametrize(("url", "words"), [
    ("sink:127.0.0.1:2600", ["--delivery", "dir:/scratch"]), ("maildir:/srv/mail", []),
])  # fmt: skip
def test_the_sink_of_a_target_is_left_to_the_load(url, words):
    target = Target(address=Address("h.test", 25), delivery={"": url}, arguments=("t.yaml",))
    command = command_of(target, [], Path("/scratch"))

    assert command[command.index("t.yaml") + 1 : command.index("-j")] == words


@pytest.mark.slow
def test_a_server_that_is_busy_breaks_what_it_kept_before(load, tmp_path):
    (tmp_path / "faults.yaml").write_text(BUSY)
    with embedded(None, "--faults", str(tmp_path / "faults.yaml")) as target:
        done, found = load(target.address, "--to", "alice@example.test")

    assert found is not None, done.output
    assert found.cases >= 8
    assert found.rounds >= 1
    assert {it.verdict for it in found.breaks} <= {"fail", "error"}
    first = found.breaks[0]
    assert "451 4.3.2 too much at once" in first.headline
    assert first.requirement.startswith("5321-")
    assert 0 <= first.at <= 10
    assert 20 < first.rate < 200  # not the 300 that were due
    assert f"{first.case} ({first.requirement}) breaks under load" in done.output


@pytest.mark.slow
def test_a_server_that_stays_right_breaks_nothing(load, server):
    done, found = load(server.address, "--to", "alice@example.test")

    assert done.exit_code == 0, done.output
    assert found is not None
    assert (found.rounds >= 1, found.breaks) == (True, ())
