"""What an arrival is, and whether it is as it was sent."""

from __future__ import annotations

import pytest

from harness.accounting.altered import alteration
from harness.accounting.earlier import taken_at
from harness.accounting.identifying import Ours, Returned, identify
from tests.accounting.mail import ALICE, BOB, OurMail, content, report

TOKEN = OurMail().token(3, 14)
OTHER = OurMail().token(3, 15)
MESSAGE = content(TOKEN)
TRACE = b"Return-Path: <us@client.example.test>\r\nReceived: from a\r\n\tby b; today\r\n"
NOTICE = f"Subject: sorry\r\n\r\nI could not deliver {TOKEN}.\r\n".encode()


def back(*tokens: str, failed: tuple[str, ...] = (ALICE,), is_final: bool = True) -> Returned:
    return Returned(tokens=tokens, failed=failed, is_final=is_final, taken=None)


ARRIVALS = {
    "as it was sent": (MESSAGE, None, Ours((TOKEN,))),
    "from nobody, as it was sent": (MESSAGE, "", Ours((TOKEN,))),
    "with trace fields": (TRACE + MESSAGE, None, Ours((TOKEN,))),
    "in a field of its own": (b"x-load-token: %b\r\nSubject: hi\r\n\r\n" % TOKEN.encode(), None,
                              Ours((TOKEN,))),
    "with another subject": (MESSAGE.replace(b"Subject: load", b"Subject: [list] load"), None,
                             Ours((TOKEN,))),
    "without a body": (f"Subject: {TOKEN}\r\n".encode(), None, Ours((TOKEN,))),
    "lines end in LF": (MESSAGE.replace(b"\r\n", b"\n"), None, Ours((TOKEN,))),
    "a report": (report(TOKEN), None, back(TOKEN)),
    "a report of two": (report(TOKEN, recipients=(ALICE, BOB)), None,
                        back(TOKEN, failed=(ALICE, BOB))),
    "a report of a delay": (report(TOKEN, action="delayed"), None,
                            back(TOKEN, failed=(), is_final=False)),
    "a report that all is well": (report(TOKEN, action="relayed"), None,
                                  back(TOKEN, failed=(), is_final=False)),
    "prose from nobody": (NOTICE, "", back(TOKEN, failed=())),
    "prose with an empty Return-Path": (b"Return-Path: <>\r\n" + NOTICE, None,
                                        back(TOKEN, failed=())),
    "prose from somebody": (NOTICE, "bob@example.test", None),
    "somebody else's": (b"Subject: hi\r\n\r\nhi\r\n", None, None),
    "somebody else's bounce": (b"Subject: hi\r\n\r\nhi\r\n", "", None),
    "nothing": (b"", None, None),
    "an answer": (f"In-Reply-To: <{TOKEN}@client.example.test>\r\n\r\nyes\r\n".encode(), None,
                  None),
}  # fmt: skip


@pytest.mark.parametrize(("octets", "path", "what"), ARRIVALS.values(), ids=ARRIVALS)
def test_an_arrival_is_ours_or_a_report_or_neither(octets, path, what):
    assert identify(octets, path) == what


def test_a_report_names_each_of_ours_that_it_returns():
    assert identify(report(TOKEN, OTHER)) == back(TOKEN, OTHER)


ALTERED = {
    "nothing": (MESSAGE, None),
    "trace fields": (TRACE + MESSAGE, None),
    "a line above that is no field": (b"hello\r\n" + MESSAGE, "no field"),
    "a header of its own above": (b"Received: x\r\n\r\n" + MESSAGE, "no field"),
    "an octet": (TRACE + MESSAGE.replace(b"in the post", b"in the past"),
                 f"octet {MESSAGE.index(b'ost')} of {len(MESSAGE)}: wanted 'ost"),
    "a dot doubled": (MESSAGE.replace(b"\r\n.and", b"\r\n..and"), "wanted 'and a dot\\r\\n', "
                      "found '.and a dot"),
    "the end": (MESSAGE[:-4], "found the end"),
    "more at the end": (MESSAGE + b"--\r\nnewsletter\r\n", "wanted the end, found '--"),
    "a field put in": (TRACE + MESSAGE.replace(b"Subject", b"X-Spam: no\r\nSubject"),
                       "found 'X-Spam"),
    "its first field": (TRACE + MESSAGE.replace(b"From: <us", b"From: Us <us"),
                        f"octet 6 of {len(MESSAGE)}: wanted '<us"),
    "all of it": (b"", "found the end"),
}  # fmt: skip


@pytest.mark.parametrize(("arrived", "words"), ALTERED.values(), ids=ALTERED)
def test_an_alteration_is_told_with_its_first_octet(arrived, words):
    found = alteration(MESSAGE, arrived)
    if words is None:
        assert found is None
    else:
        assert words in found


def test_each_octet_counts():
    for at in range(len(MESSAGE)):
        spoiled = MESSAGE[:at] + bytes([MESSAGE[at] ^ 1]) + MESSAGE[at + 1 :]
        assert alteration(MESSAGE, TRACE + spoiled) is not None
        assert alteration(MESSAGE, TRACE + MESSAGE[:at] + MESSAGE[at + 1 :]) is not None


DATE = "Thu, 26 Nov 2026 12:00:00 +0100 (CET)"
NOON = 1_795_690_800.0  # as seconds after the epoch
TAKEN = {  # what stands above -> when it was taken
    "nothing": ("", None),
    "a Received": (f"Received: from a by b; {DATE}\r\n", NOON),
    "a folded one": (f"Received: from a\r\n\tby b;\r\n {DATE}\r\n", NOON),
    "with LF, in small letters": (f"received: by b; {DATE}\n", NOON),
    "the lowest of two": (
        f"Received: by c; Thu, 26 Nov 2026 11:00:05 -0000\r\nX: y\r\nReceived: by b; {DATE}\r\n",
        NOON,
    ),
    "semicolons in a comment": (f"Received: by b (x; y) id 1; {DATE}\r\n", NOON),
    "no date": ("Received: by b\r\n", None),
    "a date that is none": ("Received: by b; today\r\n", None),
    "a date that never was": ("Received: by b; Thu, 99 Nov 2026 12:00:00 +0000\r\n", None),
    "another field": (f"Date: {DATE}\r\n", None),
}


@pytest.mark.parametrize(("above", "seconds"), TAKEN.values(), ids=TAKEN)
def test_the_lowest_received_field_says_when_a_message_was_taken(above, seconds):
    assert taken_at(above.encode()) == seconds


def test_a_report_says_when_its_message_was_taken():
    dated = report(TOKEN).replace(b"From: <us", f"Received: by b; {DATE}\r\nFrom: <us".encode())
    told = identify(dated)
    assert isinstance(told, Returned)
    assert told.taken == NOON
    arrival = f"Reporting-MTA: dns; x\r\nArrival-Date: {DATE}\r\n".encode()
    told = identify(report(TOKEN).replace(b"Reporting-MTA: dns; example.test\r\n", arrival))
    assert isinstance(told, Returned)
    assert told.taken == NOON
