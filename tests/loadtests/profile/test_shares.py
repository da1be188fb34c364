from __future__ import annotations

from itertools import islice

import pytest

from loadtests.profile.shares import roles

SHARES = [[1.0], [0.5, 0.5], [0.6, 0.2, 0.2], [0.98, 0.02], [1 / 3, 1 / 3, 1 / 3], [0.1] * 10]


@pytest.mark.parametrize("shares", SHARES, ids=str)
def test_the_shares_hold_for_any_number_of_senders(shares: list[float]):
    have = [0] * len(shares)
    for count, role in enumerate(islice(roles(shares), 1_000), start=1):
        have[role] += 1
        off = [abs(share * count - had) for share, had in zip(shares, have, strict=True)]
        assert max(off) <= 1


def test_who_has_the_largest_share_is_first():
    assert list(islice(roles([0.2, 0.6, 0.2]), 5)) == [1, 0, 1, 2, 1]


def test_equal_shares_take_turns():
    assert list(islice(roles([1 / 3] * 3), 9)) == [0, 1, 2] * 3
