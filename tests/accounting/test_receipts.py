"""Receipts: what a sender notes comes back from its lines."""

from __future__ import annotations

import json

import pytest

from harness.accounting import Receipts, read_receipts
from harness.accounting.receipts import MOST_TIMES
from harness.accounting.times import Times
from harness.errors import UsageError


def runs(accepted):
    return {key: list(serials) for key, serials in accepted.runs.items()}


def test_a_run_of_serials_is_told_as_one():
    receipts = Receipts()
    for serial in range(5):
        receipts.accept(3, serial, 1, 10.0)
    assert json.loads(receipts.line(0.0))["accepted"] == [[3, 0, 4, 1]]


def test_a_gap_and_other_recipients_begin_another_run():
    receipts = Receipts()
    for serial, taken in [(0, 1), (1, 1), (3, 1), (4, 2), (5, 2), (6, 3)]:
        receipts.accept(3, serial, taken, 10.0)
    receipts.accept(4, 0, 1, 10.0)
    found = read_receipts([receipts.line(0.0) + "\n"])
    assert runs(found) == {(3, 1): [(0, 1), (3, 3)], (3, 2): [(4, 5)], (3, 3): [(6, 6)],
                           (4, 1): [(0, 0)]}  # fmt: skip
    assert found.copies == 8


def test_runs_grow_together_again_from_line_to_line():
    receipts, lines = Receipts(), []
    for serial in range(9):
        receipts.accept(3, serial, 1, 10.0)
        if serial % 3 == 2:
            lines.append(receipts.line(0.0) + "\n")
    assert runs(read_receipts(reversed(lines))) == {(3, 1): [(0, 8)]}


def test_where_nothing_was_noted_no_line_is_written():
    receipts = Receipts()
    assert receipts.line(0.0) == ""
    receipts.accept(1, 0, 1, 0.0)
    receipts.line(0.0)
    assert receipts.line(0.0) == ""


def test_doubts_are_told_apart():
    receipts = Receipts()
    receipts.doubt(2, 17, 5)
    found = read_receipts([receipts.line(0.0) + "\n"])
    assert {key: list(serials) for key, serials in found.unsure.items()} == {(2, 5): [(17, 17)]}
    assert (found.copies, found.unanswered) == (0, 2)


def test_moments_are_told_in_microseconds_since_the_epoch():
    receipts = Receipts()
    receipts.accept(3, 8, 1, 2.5)
    found = read_receipts([receipts.line(1_000.25) + "\n"])
    assert found.times.find(8, 3) == 1_002_750_000


def test_a_line_holds_so_many_moments_and_the_next_ones_are_of_a_sample():
    receipts = Receipts()
    for serial in range(MOST_TIMES * 2):
        receipts.accept(0, serial, 1, 0.0)
    assert len(json.loads(receipts.line(0.0))["times"]) == MOST_TIMES
    for serial in range(MOST_TIMES):
        receipts.accept(0, serial, 1, 0.0)
    assert [row[1] for row in json.loads(receipts.line(0.0))["times"]] == [*range(0, MOST_TIMES, 2)]
    receipts.accept(0, 0, 1, 0.0)
    receipts.line(0.0)
    receipts.accept(0, 1, 1, 0.0)  # few come now: each of them again
    assert len(json.loads(receipts.line(0.0))["times"]) == 1


def test_a_line_that_was_cut_off_does_not_count():
    receipts = Receipts()
    receipts.accept(1, 0, 1, 0.0)
    whole = receipts.line(0.0) + "\n"
    for end in range(len(whole)):
        assert read_receipts([whole, whole[:end]]).copies == 1


@pytest.mark.parametrize("line", ["[]\n", "{}\n", "none of ours\n", '{"accepted": [[1]]}\n'])
def test_what_is_no_receipt_is_said_to_be_none(line):
    with pytest.raises(UsageError, match="no line of receipts"):
        read_receipts([line])


def test_where_each_key_has_one_serial_no_more_are_kept_either():
    moments = Times(most=4)
    for key in range(1_000):
        moments.note(0, key, key)
    assert 0 < len(moments.items()) <= 30
    assert moments.find(0, 0) == 0


def test_of_more_moments_than_are_kept_every_second_serial_stays():
    moments = Times(most=4)
    for serial in range(5):
        moments.note(serial, "a", serial * 10)
    assert moments.stride == 2
    moments.note(5, "a", 50)
    moments.note(6, "a", 60)
    moments.note(6, "a", 61)
    assert dict(moments.items()) == {(n, "a"): n * 10 for n in (0, 2, 4, 6)}
