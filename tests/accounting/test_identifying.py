"""What an arrival is, and whether it is as it was sent."""

from __future__ import annotations

import pytest

from harness.accounting.altered import alteration
from harness.accounting.identifying import Ours, Returned, identify
from tests.accounting.mail import ALICE, BOB, OurMail, content, report

TOKEN = OurMail().token(3, 14)
OTHER = OurMail().token(3, 15)
MESSAGE = content(TOKEN)
TRACE = b"Return-Path: <us@client.example.test>\r\nReceived: from a\r\n\tby b; today\r\n"
NOTICE = f"Subject: sorry\r\n\r\nI could not deliver {TOKEN}.\r\n".encode()

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
    "a report": (report(TOKEN), None, Returned((TOKEN,), (ALICE,), True)),
    "a report of two": (report(TOKEN, recipients=(ALICE, BOB)), None,
                        Returned((TOKEN,), (ALICE, BOB), True)),
    "a report of a delay": (report(TOKEN, action="delayed"), None, Returned((TOKEN,), (), False)),
    "a report that all is well": (report(TOKEN, action="relayed"), None,
                                  Returned((TOKEN,), (), False)),
    "prose from nobody": (NOTICE, "", Returned((TOKEN,), (), True)),
    "prose with an empty Return-Path": (b"Return-Path: <>\r\n" + NOTICE, None,
                                        Returned((TOKEN,), (), True)),
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
    assert identify(report(TOKEN, OTHER)) == Returned((TOKEN, OTHER), (ALICE,), True)


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
