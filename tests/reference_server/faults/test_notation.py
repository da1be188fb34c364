import pytest

from harness.errors import UsageError
from reference_server.faults.notation import (
    read_count,
    read_octets,
    read_odds,
    read_rate,
    read_reply,
)


@pytest.mark.parametrize(
    ("text", "odds"),
    [("0", 0), ("1", 1), ("0.25", 0.25), ("20%", 0.2), ("12.5%", 0.125), ("1/5", 0.2), ("3/3", 1)],
)
def test_odds_are_a_share_of_one(text, odds):
    assert read_odds(text) == pytest.approx(odds)


@pytest.mark.parametrize(
    ("text", "rate"),
    [("10/s", (10, 1)), ("100/min", (100, 60)), ("100 / m", (100, 60)), ("0.5/h", (0.5, 3600)),
     ("3/d", (3, 86400))],
)  # fmt: skip
def test_a_rate_is_so_many_in_a_time(text, rate):
    assert read_rate(text) == rate


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("plain", b"plain"),
        ("", b""),
        (r"\r\n\t\0\b\\", b"\r\n\t\0\b\\"),
        (r"a\x00\xfF!", b"a\x00\xff!"),
        ("ü", "ü".encode()),
    ],
)
def test_octets_are_text_with_escapes(text, octets):
    assert read_octets(text) == octets


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("451 4.7.1 try later", b"451 4.7.1 try later\r\n"),
        ("250-one\n250 two", b"250-one\r\n250 two\r\n"),
        ("250 one\ntwo\n250-three\n", b"250-one\r\n250-two\r\n250 three\r\n"),
        ("451", b"451 4.0.0 said on purpose\r\n"),
        ("550", b"550 5.0.0 said on purpose\r\n"),
        ("250", b"250 \r\n"),
        ("451-", b"451 4.0.0 said on purpose\r\n"),
        ("550 na\N{LATIN SMALL LETTER I WITH DIAERESIS}ve", "550 na\xefve\r\n".encode()),
    ],
)
def test_a_reply_is_written_as_it_is_read(text, octets):
    reply = read_reply(text)
    assert reply.octets == octets
    assert reply.code == int(octets[:3])


WRONG = {
    "no odds": (read_odds, "often", "no odds"),
    "more than always": (read_odds, "101%", "more often than always"),
    "more than one of one": (read_odds, "3/2", "more often than always"),
    "by nothing": (read_odds, "1/0", "no odds"),
    "no rate": (read_rate, "10", "no rate"),
    "a rate of nothing": (read_rate, "0/s", "no rate"),
    "a rate in fortnights": (read_rate, "10/y", "no rate"),
    "not from one": (read_count, "0", "from 1"),
    "not whole": (read_count, "1.5", "from 1"),
    "no escape": (read_octets, r"\q", "backslash"),
    "a lone backslash": (read_octets, "x\\", "backslash"),
    "too much garbage": (read_octets, "x" * 65_537, "65,537 octets are too many"),
    "no code": (read_reply, "try later", "no reply"),
    "no code at all": (read_reply, "", "no reply"),
    "a code nobody has": (read_reply, "651 x", "no reply"),
    "two codes": (read_reply, "451-a\n452 b", "not 451 and 452"),
    "no text": (read_reply, "451 a\x00b", "no text of a reply"),
    "a long line": (read_reply, "451 " + "x" * 507, "512 octets"),
    "many lines": (read_reply, "451 x\n" * 65, "65 lines"),
}


@pytest.mark.parametrize(("read", "text", "words"), WRONG.values(), ids=WRONG)
def test_what_is_written_wrong_is_said(read, text, words):
    with pytest.raises(UsageError, match=words):
        read(text)
