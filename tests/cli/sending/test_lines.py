"""Lines and stages as options name them."""

from __future__ import annotations

import pytest

from harness.cli.sending.lines import DROPPING, SPEAKING, STOPPING, read_lines, read_stage
from harness.client import Stage
from harness.errors import UsageError


@pytest.mark.parametrize(
    ("text", "stage", "octets"),
    [
        ("after-hello:XCLIENT ADDR=1.2.3.4", Stage.HELLO, b"XCLIENT ADDR=1.2.3.4\r\n"),
        ("after-ehlo:NOOP", Stage.HELLO, b"NOOP\r\n"),
        ("mail:a:b", Stage.MAIL, b"a:b\r\n"),
        ("RCPT:", Stage.RCPT, b"\r\n"),
        (r"message:a\nb\x00\\ü", Stage.MESSAGE, b"a\nb\0\\\xc3\xbc\r\n"),
    ],
)
def test_a_line_is_said_as_it_is_written(text: str, stage: Stage, octets: bytes):
    assert read_lines([text]) == {stage: [octets]}


def test_several_lines_keep_their_order():
    assert read_lines(["tls:1", "hello:2", "starttls:3"]) == {
        Stage.TLS: [b"1\r\n", b"3\r\n"],
        Stage.HELLO: [b"2\r\n"],
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("NOOP", "after-STAGE:LINE"),
        ("after-hallo:NOOP", "did you mean 'hello'"),
        ("after-nonsense:NOOP", "there are: greeting, hello"),
        ("after-data:NOOP", "not after data"),
        ("after-connect:NOOP", "not after connect"),
    ],
)
def test_a_line_that_nothing_would_answer_is_wrong_use(text: str, said: str):
    with pytest.raises(UsageError, match=said):
        read_lines([text])


def test_after_data_one_can_only_drop():
    assert read_stage("data", "--drop-after", DROPPING) is Stage.DATA
    with pytest.raises(UsageError, match="--stop-after: not after data"):
        read_stage("data", "--stop-after", STOPPING)
    assert SPEAKING < STOPPING < DROPPING
