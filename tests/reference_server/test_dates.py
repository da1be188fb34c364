import os
import time
from contextlib import contextmanager

import pytest

from reference_server.dates import date
from reference_server.talks import connection
from tests.reference_server.connecting import connected, mail_of, server_in

# zone as POSIX writes it -> a winter's day, a summer's day
ZONES = {
    "UTC0": ("Thu, 01 Jan 2026 12:00:00 +0000", "Wed, 01 Jul 2026 12:00:00 +0000"),
    "CET-1CEST,M3.5.0,M10.5.0/3": (
        "Thu, 01 Jan 2026 13:00:00 +0100",
        "Wed, 01 Jul 2026 14:00:00 +0200",
    ),
    "NST3:30": ("Thu, 01 Jan 2026 08:30:00 -0330", "Wed, 01 Jul 2026 08:30:00 -0330"),
    "<+14>-14": ("Fri, 02 Jan 2026 02:00:00 +1400", "Thu, 02 Jul 2026 02:00:00 +1400"),
}


@contextmanager
def living_in(zone):
    before = os.environ["TZ"]  # tests/conftest.py has set it
    try:
        os.environ["TZ"] = zone
        time.tzset()
        yield
    finally:
        os.environ["TZ"] = before
        time.tzset()


@pytest.mark.parametrize(("zone", "days"), ZONES.items())
def test_a_date_has_the_offset_of_this_system_and_of_that_day(zone, days):
    with living_in(zone):
        assert (date(1_767_268_800.9), date(1_782_907_200)) == days


async def test_the_trace_line_says_in_which_zone_we_are(tmp_path):
    server = server_in(tmp_path)
    connection._date.cache_clear()  # of the zone where we were a second ago
    with living_in("<+0545>-5:45"):
        async with connected(server) as client:
            await client.send("bob@example.test", b"Subject: x\r\n\r\n")
    connection._date.cache_clear()
    (mail,) = mail_of(tmp_path, "bob")
    assert b" +0545\r\nSubject: x\r\n" in mail
