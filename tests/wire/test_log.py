"""What a log must never hold."""

from __future__ import annotations

import pytest

from harness.wire.log import KEPT, Log, masked

# what the client said, after a reply with this code -> what is shown
MASKED = {
    "an initial response": (b"AUTH PLAIN AGFsaWNl\r\n", 250, b"AUTH PLAIN ***\r\n"),
    "in any case": (b"auth plain AGFsaWNl\n", 250, b"auth plain ***\n"),
    "odd blanks": (b"  AUTH\t PLAIN  AGFs aWNl\r\n", 250, b"  AUTH\t PLAIN  ***\r\n"),
    "within a group": (
        b"NOOP\r\nAUTH PLAIN AGFs\r\nNOOP\r\n",
        250,
        b"NOOP\r\nAUTH PLAIN ***\r\nNOOP\r\n",
    ),
    "without a line end": (b"AUTH PLAIN AGFs", 250, b"AUTH PLAIN ***"),
    "no initial response": (b"AUTH LOGIN\r\n", 250, b"AUTH LOGIN\r\n"),
    "a response": (b"YWxpY2U=\r\n", 334, b"***\r\n"),
    "an empty response": (b"\r\n", 334, b"\r\n"),
    "two responses": (b"YWxp\r\nY2U=\r\n", 334, b"***\r\n***\r\n"),
    "taking the exchange back": (b"*\r\n", 334, b"*\r\n"),
    "the text of a message": (b"AUTH is a word\r\n", 354, b"AUTH is a word\r\n"),
    "any other command": (b"MAIL FROM:<a@b> AUTH=<>\r\n", 250, b"MAIL FROM:<a@b> AUTH=<>\r\n"),
}


@pytest.mark.parametrize(("octets", "code", "shown"), MASKED.values(), ids=MASKED)
def test_what_may_be_a_password_is_hidden(octets, code, shown):
    assert masked(octets, code=code) == shown


@pytest.mark.parametrize("more", [0, 1, 9_000_000])
async def test_of_very_much_both_ends_are_kept(more):
    octets = b"a" * KEPT + b"-" * more + b"z" * KEPT
    log = Log()
    log.spoke("S", b"354 go ahead\r\n")
    index = log.spoke("C", octets)

    kept = b"".join(exchange.octets for exchange in log.exchanges[1:])
    assert kept == b"a" * KEPT + b"z" * KEPT
    assert [it.happened for it in log.exchanges if it.happened] == (
        [f"{more} octets more, left out here, and then"] if more else []
    )
    assert log.exchanges[index] is log.exchanges[-1]
