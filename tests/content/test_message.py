"""Stored messages in their parts."""

from __future__ import annotations

import pytest

from harness.content import is_header, read_message
from harness.content.message import fields_on_top

# octets -> names of the fields, body
MESSAGES = {
    "header and body": (b"A: 1\r\nB: 2\r\n\r\nbody\r\n", ["a", "b"], b"body\r\n"),
    "folded": (b"A: 1\r\n\t2\r\n 3\r\n\r\nbody\r\n", ["a"], b"body\r\n"),
    "no body": (b"A: 1\r\n", ["a"], b""),
    "empty body": (b"A: 1\r\n\r\n", ["a"], b""),
    "no header": (b"Do you like ketchup?\r\n", [], b"Do you like ketchup?\r\n"),
    "empty header": (b"\r\nA: 1\r\n", [], b"A: 1\r\n"),
    "a text right below its trace": (b"Received: x\r\n\ty\r\nHi?\r\n", ["received"], b"Hi?\r\n"),
    "a text that begins with a blank": (b" Hi\r\n", [], b" Hi\r\n"),
    "bare LF": (b"A: 1\n\nbody\n", ["a"], b"body\n"),
    "a blank before the colon": (b"A : 1\r\n\r\nb", ["a"], b"b"),
    "8 bits in a name": (b"\xc3\xa4: 1\r\n\r\nb", [], b"\xc3\xa4: 1\r\n\r\nb"),
    "no line end": (b"A: 1", ["a"], b""),
    "nothing": (b"", [], b""),
}


@pytest.mark.parametrize(("octets", "names", "body"), MESSAGES.values(), ids=MESSAGES)
def test_a_message_falls_into_fields_and_body(octets, names, body):
    message = read_message(octets)

    assert [field.name for field in message.fields] == names
    assert message.body == body


def test_a_field_is_unfolded_but_keeps_its_octets():
    (field,) = read_message(b"SUBJECT :  a\r\n\tb \r\n c\r\n").fields

    assert (field.name, field.text) == ("subject", "a\tb  c")
    assert field.octets == b"SUBJECT :  a\r\n\tb \r\n c\r\n"


def test_fields_are_found_by_name_in_any_case():
    message = read_message(b"Received: 1\r\nX: y\r\nRECEIVED: 2\r\n")

    assert [field.text for field in message.named("received")] == ["1", "2"]


@pytest.mark.parametrize(
    ("octets", "is_one"),
    [
        (b"", True),
        (b"A: 1\r\n b\r\n", True),
        (b"A: 1\n\tb\n c\nB :\n", True),
        (b"A: 1", True),
        (b"A: 1\n b", True),
        (b"A: 1\r\n\r\n", False),
        (b"A: 1\r\n b\r\n\r\n", False),
        (b" b\r\n", False),
        (b"text\r\n", False),
        (b"A: 1\r\ntext", False),
        (b": 1\r\n", False),
    ],
)
def test_a_header_is_nothing_but_fields(octets, is_one):
    assert is_header(octets) is is_one
    assert (sum(len(field.octets) for field in fields_on_top(octets)) == len(octets)) is is_one
