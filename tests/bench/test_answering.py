"""The sink that only answers says as much as is asked, wherever the network cuts it."""

from __future__ import annotations

import pytest
from answering import Talk

SAID = (
    b"EHLO c.test\r\n"
    b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"
    b"Subject: MAIL and DATA\r\n\r\nDATA\r\n..\r\n.\r\n"
    b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n.\r\n"
    b"QUIT\r\n"
)
CODES = [250] * 3 + [250, 250, 354, 250] + [250, 250, 354, 250] + [221]


def codes(answers: bytes) -> list[int]:
    return [int(line[:3]) for line in answers.splitlines()]


@pytest.mark.parametrize("cut", range(len(SAID)))
def test_each_command_and_each_text_is_answered_once(cut: int):
    talk = Talk()

    assert codes(talk.hear(SAID[:cut]) + talk.hear(SAID[cut:])) == CODES


def test_starttls_is_told():
    talk = Talk()

    assert not talk.wants_tls
    assert codes(talk.hear(b"STARTTLS\r\n")) == [220]
    assert talk.wants_tls
