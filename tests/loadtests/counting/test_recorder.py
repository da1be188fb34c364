from __future__ import annotations

import pytest

from harness.histogram import Histogram
from harness.load_results import (
    Generator,
    Interval,
    Messages,
    from_json,
    to_json,
    together,
)
from harness.protocol.replies import Reply, reply
from loadtests.counting.recorder import KINDS, Fared, Recorder, kind_of
from tests.load_values import BLANK


@pytest.fixture
def recorder() -> Recorder:
    made = Recorder(BLANK, name="me")
    made.start(0.0)
    return made


def test_a_message_counts_as_accepted_with_its_latency_and_octets(recorder: Recorder):
    recorder.begin(10.0)
    recorder.accept(0.0025, 0.0, 0.0, 1024, 10.0025)
    found = recorder.take(200.0)

    assert found.messages == Messages(begun=1, accepted=1)
    assert found.octets == 1024
    assert found.phases["message"].greatest == 2500


def test_the_run_lasts_until_its_last_answer(recorder: Recorder):
    for second in range(5):
        recorder.begin(float(second))
        recorder.accept(1.0, 0.0, 0.0, 1, second + 1.0)
    found = recorder.take(200.0)

    assert (found.seconds, found.rate) == (5.0, 1.0)


def test_refusals_are_counted_by_stage_and_code_never_by_text(recorder: Recorder):
    for queue_id in range(3):
        recorder.refused_at("RCPT", reply(450, f"later, says {queue_id}", enhanced="4.2.0"), 1.0)
    recorder.refused_at("MAIL", reply(450, "not now"), 2.5)
    found = recorder.take(200.0).troubles

    assert [(one.stage, one.what, one.count) for one in found] == [
        ("RCPT", "450 4.2.0", 3),
        ("MAIL", "450", 1),
    ]
    assert found[0].example == "450 4.2.0 later, says 0"
    assert [one.first for one in found] == [1.0, 2.5]


def test_a_reply_without_a_code_is_a_kind_too():
    assert kind_of(Reply(0, b"hello?\r\n")) == "no reply code"


def test_a_server_that_invents_kinds_does_not_fill_the_memory(recorder: Recorder):
    for number in range(KINDS + 50):
        recorder.trouble("MAIL", f"kind {number}", 1.0)
    found = recorder.take(200.0).troubles

    assert len(found) == KINDS + 1
    assert [one.count for one in found if one.what == "other"] == [50]


def test_what_was_lost_or_refused_ends_the_measured_time_too(recorder: Recorder):
    recorder.begin(1.0)
    recorder.refuse(1.0, 2.0)
    recorder.begin(2.0)
    recorder.lose(2.5, 4.5)
    found = recorder.take(200.0)

    assert found.messages == Messages(begun=2, refused=1, unanswered=1)
    assert found.seconds == 4.5
    assert found.failed["message"].total == 3_500_000


def test_the_first_greeting_is_kept_and_connections_are_counted(recorder: Recorder):
    recorder.greet(reply(220, "first.example"))
    recorder.greet(reply(220, "second.example"))
    found = recorder.take(200.0)

    assert (found.greeting, found.connections) == ("220 first.example", 2)


def test_phases_that_nobody_met_are_left_out(recorder: Recorder):
    recorder.measure("connect", 0.001)

    assert list(recorder.take(200.0).phases) == ["connect"]


def test_parts_add_up_to_the_run(recorder: Recorder):
    recorder.begin(1.0)
    first = recorder.take(1.2)
    recorder.accept(0.5, 0.0, 0.0, 10, 1.5)
    recorder.trouble("connect", "closed", 3.0)
    second = recorder.take(4.0)
    both = together(first, second)

    assert (first.messages, second.messages) == (Messages(begun=1), Messages(accepted=1))
    assert both.messages == Messages(begun=1, accepted=1)
    assert from_json(to_json(first) + to_json(second)) == both


def test_every_second_has_its_own_counts(recorder: Recorder):
    recorder.begin(0.5)
    recorder.begin(0.9, late=True)
    recorder.accept(0.8, 0.0, 0.0, 100, 1.3)
    recorder.refused_at("MAIL", reply(450, "later"), 2.0)
    recorder.refuse(1.1, 2.0)
    intervals = recorder.take(2.5).series.intervals

    assert [(n, it.begun, it.late, it.accepted, it.refused) for n, it in intervals.items()] == [
        (0, 2, 1, 0, 0),
        (1, 0, 0, 1, 0),
        (2, 0, 0, 0, 1),
    ]
    assert intervals[1].latency.greatest == 800_000
    assert intervals[2].troubles == {"MAIL 450": 1}


def test_the_process_is_watched_in_the_second_that_is_over(recorder: Recorder):
    lag = Histogram()
    lag.record(12_000)
    fared = Fared(users=9, due={0: 3}, generator=Generator(seconds=1.0, cpu=0.25, lag=lag))
    part = recorder.take(1.001, fared)

    assert part.series.intervals[0] == Interval(
        users={"me": 9}, lag={"me": 12_000}, busy={"me": 0.25}, due=3
    )
    assert (part.messages.due, part.generators["me"].lag.greatest) == (3, 12_000)


def test_who_joins_later_counts_from_the_begin_of_the_run():
    recorder = Recorder(BLANK)
    recorder.start(1_000.0, elapsed=30.0)
    recorder.begin(1_001.0)

    assert list(recorder.take(1_001.5).series.intervals) == [31]
