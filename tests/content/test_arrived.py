"""Where what was sent begins, whatever stands above it."""

from __future__ import annotations

import pytest

from harness.accounting.altered import alteration
from harness.content import begin_of

SENT = b"From: <a@b.test>\r\nSubject: x\r\n\r\nbody\r\n"
CHANGED = SENT.replace(b"From: <a", b"From: A <a")
TRACE = (
    b"Return-Path: <a@b.test>\r\n"
    b"Authentication-Results: d.test;\r\n spf=pass\r\n"
    b"Received: from c\r\n\tby d; today\r\n"
)
ABOVE = {  # what stands above -> and what arrived below it
    "nothing": (b"", SENT),
    "trace": (TRACE, SENT),
    "trace, with LF": (TRACE.replace(b"\r\n", b"\n"), SENT),
    "other fields": (b"X-Spam: no\r\n" + TRACE, SENT),
    "no field at all": (b"hello\r\n", SENT),
    "trace, and the body is another": (TRACE, SENT.replace(b"body", b"Body")),
    "trace, and the first field is another": (TRACE, CHANGED),
    "trace, and the first field is gone": (TRACE, SENT[18:]),
}


@pytest.mark.parametrize(("above", "below"), ABOVE.values(), ids=ABOVE)
def test_what_was_sent_begins_below_the_trace(above, below):
    assert begin_of(SENT, above + below) == len(above)


@pytest.mark.parametrize("sent", [b"", b"no line end"])
def test_what_has_no_line_begins_below_the_trace_too(sent):
    assert begin_of(sent, TRACE + sent) == len(TRACE)
    assert begin_of(b"no line end", TRACE + b"another") == len(TRACE)


def test_what_differs_is_told_from_the_first_field_on_that_we_sent():
    told = alteration(SENT, TRACE + CHANGED)
    assert told is not None
    assert told.startswith(f"octet 6 of {len(SENT)}: wanted '<a@b.test>")
    assert "found 'A <a@b.test>" in told
