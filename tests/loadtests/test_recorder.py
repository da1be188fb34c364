from __future__ import annotations

import pytest

from harness.load_results import End, LoadResult, Messages, from_json, to_json
from harness.protocol.replies import Reply, reply
from loadtests.recorder import KINDS, Recorder, kind_of
from loadtests.thresholds import read_threshold

BLANK = LoadResult(
    target="smtp://127.0.0.1:2525",
    profile="smoke",
    seed=7,
    users=3,
    started="2026-01-02T03:04:05+00:00",
    seconds=0.0,
    phases={},
)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(BLANK, [read_threshold("failures < 50%")])


def test_a_message_counts_as_accepted_with_its_latency_and_octets(recorder: Recorder):
    recorder.begin(10.0)
    recorder.accept(0.0025, 1024, 10.0025)
    found = recorder.result()

    assert found.messages == Messages(begun=1, accepted=1)
    assert found.octets == 1024
    assert found.phases["message"].greatest == 2500


def test_the_rate_is_measured_from_the_first_message_to_the_last_answer(recorder: Recorder):
    for second in range(5):
        recorder.begin(100.0 + second)
        recorder.accept(1.0, 1, 101.0 + second)

    assert recorder.result().seconds == 5.0
    assert recorder.result().rate == 1.0


def test_refusals_are_counted_by_stage_and_code_never_by_text(recorder: Recorder):
    for queue_id in range(3):
        recorder.refused_at("RCPT", reply(450, f"later, says {queue_id}", enhanced="4.2.0"))
    recorder.refused_at("MAIL", reply(450, "not now"))
    found = recorder.result().troubles

    assert [(one.stage, one.what, one.count) for one in found] == [
        ("RCPT", "450 4.2.0", 3),
        ("MAIL", "450", 1),
    ]
    assert found[0].example == "450 4.2.0 later, says 0"


def test_a_reply_without_a_code_is_a_kind_too():
    assert kind_of(Reply(0, b"hello?\r\n")) == "000"


def test_a_server_that_invents_kinds_does_not_fill_the_memory(recorder: Recorder):
    for number in range(KINDS + 50):
        recorder.trouble("MAIL", f"kind {number}")
    found = recorder.result().troubles

    assert len(found) == KINDS + 1
    assert found[0].what == "other"
    assert found[0].count == 50


def test_what_was_lost_or_refused_ends_the_measured_time_too(recorder: Recorder):
    recorder.begin(1.0)
    recorder.refuse(2.0)
    recorder.begin(2.0)
    recorder.lose(4.5)
    found = recorder.result()

    assert found.messages == Messages(begun=2, refused=1, unanswered=1)
    assert found.seconds == 3.5


def test_the_first_greeting_is_kept_and_connections_are_counted(recorder: Recorder):
    recorder.greet(reply(220, "first.example"))
    recorder.greet(reply(220, "second.example"))
    found = recorder.result()

    assert (found.greeting, found.connections) == ("220 first.example", 2)


def test_phases_that_nobody_met_are_left_out(recorder: Recorder):
    recorder.measure("connect", 0.001)

    assert list(recorder.result().phases) == ["connect"]


def test_a_result_can_be_taken_at_any_time_and_knows_how_it_ended(recorder: Recorder):
    recorder.begin(1.0)
    early = recorder.result()
    recorder.accept(0.5, 10, 1.5)
    late = recorder.result(End.COMPLETE)

    assert (early.end, early.messages.accepted) == (End.RUNNING, 0)
    assert (late.end, late.messages.accepted) == (End.COMPLETE, 1)
    assert from_json(to_json(late)) == late


def test_a_result_is_judged_by_the_thresholds_of_its_profile(recorder: Recorder):
    recorder.trouble("connect", "closed")

    assert [(one.threshold, one.met) for one in recorder.result().thresholds] == [
        ("failures < 50%", False)
    ]
