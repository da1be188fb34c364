from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.protocol.replies import Capabilities
from harness.target import read_target
from loadtests.load_run import prepare
from loadtests.profile import read_profile

STARTED = "2026-01-02T03:04:05+00:00"


def test_a_run_knows_what_its_result_will_be_about():
    run = prepare(read_target("127.0.0.1:2525"), read_profile("smoke"), started=STARTED)
    found = run.recorder.result()

    assert (found.target, found.profile) == ("smtp://127.0.0.1:2525", "smoke")
    assert (found.seed, found.users, found.started) == (1, 20, STARTED)


def test_a_seed_of_the_command_line_stands_in_for_that_of_the_profile():
    target = read_target("127.0.0.1")
    run = prepare(target, read_profile("smoke"), started=STARTED, seed=9)
    behaviour = run.profile.behaviours[0]
    message = next(run.mail.messages(behaviour, 0, [0], Capabilities("here.test")))

    assert run.profile.seed == run.recorder.result().seed == 9
    assert b"load-00000009-" in message.octets
    assert message.opening.recipients == ("postmaster",)


def test_senders_are_numbered():
    run = prepare(read_target("127.0.0.1"), read_profile("smoke"), started=STARTED)

    assert [next(run.numbers) for _ in range(3)] == [0, 1, 2]


def test_a_run_against_another_s_server_is_never_prepared():
    with pytest.raises(UsageError, match="not on loopback"):
        prepare(read_target("mx.example.test"), read_profile("smoke"), started=STARTED)
