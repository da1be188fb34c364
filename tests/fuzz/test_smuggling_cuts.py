"""False ends of the text, cut in two at every octet: no cut makes an end of one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fuzz.conversation import Conversation
from tests.fuzz.volume import PATIENT
from tests.peers.marks import END, HIDDEN, OVER_SIZE, false_ends

HELLO = b"EHLO client.test\r\n"
BEGINNING = b"MAIL FROM:<a@b.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n"
RULES = replace(PATIENT, limits=replace(PATIENT.limits, message=OVER_SIZE))
FALSE_ENDS = false_ends()


@pytest.mark.slow
@pytest.mark.parametrize("context", sorted({name.partition(", ")[2] for name in FALSE_ENDS}))
def test_no_cut_makes_an_end_of_what_is_none(context):
    for name, (before, mark) in FALSE_ENDS.items():
        if name.partition(", ")[2] == context:
            text = before + mark + HIDDEN["RCPT"].removesuffix(b"\r\n") + END
            cut_everywhere(text, range(max(0, len(before) - 3), len(text) + 1))


def cut_everywhere(text: bytes, places: range) -> None:
    """One connection for all the cuts; `say` objects to a reply too many or a text that differs."""
    talk = Conversation(RULES, secure=True)
    talk.say(HELLO)
    for at in places:
        talk.said.clear()
        talk.say(BEGINNING, text[:at], text[at:], b"NOOP\r\n")
        assert talk.expectation.state == "READY"
