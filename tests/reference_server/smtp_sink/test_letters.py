import pytest

from harness.errors import UsageError
from reference_server.smtp_sink.letters import (
    Wait,
    read_commands,
    read_refusal,
    read_start,
    read_waits,
)


@pytest.mark.parametrize(
    ("texts", "commands"),
    [
        ([], set()),
        (["MAIL"], {"mail"}),
        (["mail,rcpt", ". QUIT"], {"mail", "rcpt", ".", "quit"}),
        (["connect,\thelo  ehlo,"], {"connect", "helo", "ehlo"}),
        (["xclient,XFORWARD"], {"xclient", "xforward"}),
    ],
)
def test_commands_are_parted_by_commas_or_blanks(texts, commands):
    assert read_commands(texts) == commands


def test_waits_are_for_data_or_for_what_they_name():
    assert read_waits(None, []) == {}
    assert read_waits(3, ["MAIL:2", ".:1:30"]) == {
        "data": Wait(3),
        "mail": Wait(2),
        ".": Wait(1, 0.3),
    }
    assert read_waits(3, ["data:5"]) == {"data": Wait(5)}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("plain", "plain"),
        (r"a\tb\n", "a\tb\n"),
        (r"\a\b\f\r\v\\", "\a\b\f\r\v\\"),
        (r"\101\7x\0", "A\ax\0"),
        (r"\q", r"\q"),
    ],
)
def test_the_start_of_a_dump_has_the_escapes_of_c(written, meant):
    assert read_start(written) == meant


def test_a_refusal_is_a_reply_of_ones_own():
    assert read_refusal("b", None) is None
    told = read_refusal("b", "452 4.3.1 full")
    assert told is not None
    assert told.octets == b"452 4.3.1 full\r\n"


WRONG = {
    "a command": (lambda: read_commands(["mail,rctp"]), "unknown command 'rctp' (did you mean"),
    "no command near": (lambda: read_commands(["foo"]), "unknown command 'foo' (there are: conn"),
    "no delay": (lambda: read_waits(None, ["mail"]), "-W 'mail': command:delay[:odds]"),
    "no time": (lambda: read_waits(None, ["mail:0"]), "a number of seconds from 1"),
    "no odds": (lambda: read_waits(None, ["mail:1:0"]), "odds from 1 to 99"),
    "odds of more than always": (lambda: read_waits(None, ["mail:1:100"]), "odds from 1 to 99"),
    "a wait for nothing": (lambda: read_waits(None, ["foo:1"]), "unknown command 'foo'"),
    "no reply": (lambda: read_refusal("B", "no"), "-B 'no' is no reply"),
    "no refusal": (lambda: read_refusal("b", "250 ok"), "-b '250 ok': this refuses nothing"),
}


@pytest.mark.parametrize(("read", "words"), WRONG.values(), ids=WRONG)
def test_what_makes_no_sense_is_said(read, words):
    with pytest.raises(UsageError) as caught:
        read()
    assert words in str(caught.value)
