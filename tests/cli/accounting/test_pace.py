"""How often mailboxes are looked into while we wait."""

from __future__ import annotations

from harness.cli.accounting.pace import LONGEST, REST, SHORTEST, Pace, resting


def test_the_less_comes_the_longer_the_pauses_are():
    pace = Pace()
    pauses = [pace.after(0.0, is_new=False) for _ in range(6)]
    assert pauses == [SHORTEST, 2 * SHORTEST, 4 * SHORTEST, LONGEST, LONGEST, LONGEST]
    assert pace.after(0.0, is_new=True) == SHORTEST
    assert pace.after(0.0, is_new=False) == 2 * SHORTEST


def test_whoever_looks_for_long_rests_for_longer():
    pace = Pace()
    assert pace.after(3.0, is_new=True) == REST * 3.0 == resting(3.0)
    assert pace.after(0.0, is_new=True) == SHORTEST
