"""Hex diffs: what parts two runs of octets must be seen at once."""

from __future__ import annotations

import pytest

from harness.delivery.hexdiff import hex_diff
from harness.visible import first_difference


def test_equal_octets_have_no_difference():
    assert hex_diff(b"same", b"same") == ()


def test_both_sides_are_shown_around_the_first_difference():
    wanted = b"a line\r\n" * 4 + b".one dot\r\n" + b"x" * 40
    met = b"a line\r\n" * 4 + b"..one dot\r\n" + b"x" * 40

    assert hex_diff(wanted, met) == (
        "first difference at octet 33, in line 5 (wanted 82 octets, met 83)",
        "wanted     16  61 20 6c 69 6e 65 0d 0a 61 20 6c 69 6e 65 0d 0a  a line..a line..",
        "wanted     32  2e 6f 6e 65 20 64 6f 74 0d 0a 78 78 78 78 78 78  .one dot..xxxxxx",
        "wanted     48  78 78 78 78 78 78 78 78 78 78 78 78 78 78 78 78  xxxxxxxxxxxxxxxx",
        "   met     16  61 20 6c 69 6e 65 0d 0a 61 20 6c 69 6e 65 0d 0a  a line..a line..",
        "   met     32  2e 2e 6f 6e 65 20 64 6f 74 0d 0a 78 78 78 78 78  ..one dot..xxxxx",
        "   met     48  78 78 78 78 78 78 78 78 78 78 78 78 78 78 78 78  xxxxxxxxxxxxxxxx",
    )


def test_a_side_that_ends_early_says_so():
    assert hex_diff(b"0123456789abcdef", b"") == (
        "first difference at octet 0, in line 1 (wanted 16 octets, met 0)",
        "wanted      0  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef",
        "   met      0  (nothing)",
    )


@pytest.mark.parametrize("at", [0, 1, 15, 16, 17, 999])
def test_the_first_difference_is_found_wherever_it_is(at):
    one = b"=" * 1_000
    other = one[:at] + b"#" + one[at + 1 :]

    assert first_difference(one, other) == at
    assert first_difference(one, one[:at]) == at
