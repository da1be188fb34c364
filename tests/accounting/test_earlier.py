"""When a message was taken: what the trace above it says, wherever we are."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from harness.accounting.earlier import reported_at, taken_at

ELEVEN = 1_795_690_800  # of that day
ZONES = {  # how a Received field ends at 11:00 by Universal Time
    "nearby": b"Thu, 26 Nov 2026 11:00:00 +0000",
    "it is not said where": b"26 Nov 2026 11:00:00 -0000",  # as qmail always has it
    "in the east": b"Thu, 26 Nov 2026 12:00:00 +0100",
    "in the west, by name": b"Thu, 26 Nov 2026 06:00:00 EST",
}


@pytest.fixture(params=["UTC", "Europe/Berlin", "America/Los_Angeles"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bytes]:
    """Where we are; the clock is set back behind the test."""
    with monkeypatch.context() as here:
        here.setenv("TZ", request.param)
        time.tzset()
        yield request.param.encode()
    time.tzset()


@pytest.mark.parametrize("date", ZONES.values(), ids=ZONES)
def test_when_it_was_taken_does_not_hang_on_where_we_are(place: bytes, date: bytes):
    # What was read once is known: a comment makes it another date in each place.
    assert taken_at(b"Received: (qmail 1 invoked by uid 1); %b (%b)\n" % (date, place)) == ELEVEN


def test_of_several_fields_the_lowest_tells():
    above = b"Received: by b; 26 Nov 2026 11:00:09 +0000\nreceived: by a\n ; %b\nSubject: x\n"
    assert taken_at(above % ZONES["nearby"]) == ELEVEN


@pytest.mark.parametrize(
    "date",
    [
        b"",
        b"yesterday",
        b"26 Nov 2026 25:00:00 +0000",
        b"26 Nov 2026 11:00:00",
        b"26 Nov 2026 11:00:00 MESZ",
    ],
)
def test_what_is_no_date_or_in_no_zone_that_we_know_says_nothing(date: bytes):
    assert taken_at(b"Received: by a; %b\n" % date) is None


def test_a_report_says_itself_when_what_it_is_about_was_taken():
    above = b"Received: by a; 26 Nov 2026 12:00:00 +0000\n%b\n"
    assert reported_at(above % (b"Arrival-Date: " + ZONES["nearby"])) == ELEVEN
    assert reported_at(above % b"X: y") == ELEVEN + 3_600
