import pytest

from harness.protocol.trace import Trace, protocol_name, return_path, stamp

TRACE = Trace(
    client="client.example.test",
    peer="127.0.0.1",
    by="example.test",
    protocol="ESMTPS",
    id="1a-1",
    date="Tue, 24 Nov 2026 02:00:00 -0000",
    recipient="alice@example.test",
)


def test_the_received_field_goes_on_top_and_nothing_below_changes():
    content = b"Subject: x\r\n\r\n.\r\n"

    stamped = stamp(TRACE, content)

    assert stamped == (
        b"Received: from client.example.test ([127.0.0.1])\r\n"
        b"\tby example.test with ESMTPS id 1a-1\r\n"
        b"\tfor <alice@example.test>;\r\n"
        b"\tTue, 24 Nov 2026 02:00:00 -0000\r\n" + content
    )


@pytest.mark.parametrize(
    ("extended", "secure", "authenticated", "name"),
    [
        (False, False, False, "SMTP"),
        (True, False, False, "ESMTP"),
        (True, True, False, "ESMTPS"),
        (True, False, True, "ESMTPA"),
        (True, True, True, "ESMTPSA"),
    ],
)
def test_the_protocol_is_named_as_rfc_3848_says(extended, secure, authenticated, name):
    assert protocol_name(extended=extended, secure=secure, authenticated=authenticated) == name


def test_a_null_reverse_path_is_an_empty_return_path():
    assert return_path("") == b"Return-Path: <>\r\n"
