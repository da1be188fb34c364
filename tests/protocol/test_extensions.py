"""Extensions: the table, and the parameters that it knows."""

import pytest

from harness.protocol.commands import Objection
from harness.protocol.extensions import EXTENSIONS, Extension, check_parameters
from harness.protocol.extensions.xtext import (
    decode_unitext,
    decode_xtext,
    encode_unitext,
    encode_xtext,
)


def test_the_table_is_keyed_by_keyword():
    assert all(row.keyword == keyword for keyword, row in EXTENSIONS.items())


GOOD = [
    ("SIZE", "0"),
    ("SIZE", "1" * 20),
    ("BODY", "7BIT"),
    ("BODY", "8bitmime"),
    ("BODY", "BinaryMime"),
    ("AUTH", "<>"),
    ("AUTH", "alice@example.test"),
    ("AUTH", "e+3Dmc2@example.test"),
    ("AUTH", '"a+20b"@example.test'),
    ("AUTH", "<alice@example.test>"),  # as curl writes it
]


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_a_good_value_meets_no_objection(name: str, value: str):
    assert check_parameters(((name, value),), EXTENSIONS) is None


BAD = [
    ("SIZE", None),
    ("SIZE", "1k"),
    ("SIZE", "-1"),
    ("SIZE", "1" * 21),
    ("BODY", None),
    ("BODY", "9BIT"),
    ("AUTH", None),
    ("AUTH", "+3C+3Ex"),
    ("AUTH", "+zz"),
    ("AUTH", "<alice@example.test"),
    ("AUTH", "<alice>"),
    ("AUTH", "alice"),
    ("AUTH", "@hop:alice@example.test"),
    ("AUTH", "a+FF@example.test"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_is_a_syntax_error(name: str, value: str | None):
    assert check_parameters(((name, value),), EXTENSIONS) == Objection(
        501, "5.5.4", f"Bad value of {name}"
    )


@pytest.mark.parametrize("which", ["mail", "rcpt"])
def test_a_parameter_that_nobody_knows_is_not_recognized(which: str):
    objection = check_parameters((("XYZZY", "1"),), EXTENSIONS, which)

    assert objection is not None
    assert (objection.code, objection.enhanced) == (555, "5.5.4")


def test_a_parameter_is_known_where_its_extension_is_offered():
    size = {"SIZE": EXTENSIONS["SIZE"]}

    assert check_parameters((("SIZE", "1"),), size) is None
    assert check_parameters((("SIZE", "1"), ("BODY", "7BIT")), size) is not None
    assert check_parameters((("SIZE", "1"),), {}) is not None


def test_a_parameter_of_mail_is_not_one_of_rcpt():
    assert check_parameters((("SIZE", "1"),), EXTENSIONS, "rcpt") is not None


def test_rcpt_has_parameters_of_its_own():
    row = Extension(keyword="X", rfc=0, rcpt_parameters={"NOTIFY": lambda value: None})

    assert check_parameters((("NOTIFY", "NEVER"),), {"X": row}, "rcpt") is None
    assert check_parameters((("NOTIFY", "NEVER"),), {"X": row}, "mail") is not None


XTEXT = {
    "": b"",
    "alice@example.test": b"alice@example.test",
    "a+2Bb": b"a+b",
    "+3D": b"=",
    "+00+FF": b"\x00\xff",
    "a b": None,
    "a=b": None,
    "+": None,
    "+3": None,
    "+3d": None,  # upper case alone
    "+XX": None,
    "ä": None,
}


@pytest.mark.parametrize(("text", "octets"), XTEXT.items())
def test_xtext_is_decoded(text: str, octets: bytes | None):
    assert decode_xtext(text) == octets


def test_any_octets_survive_xtext():
    octets = bytes(range(256))

    assert decode_xtext(encode_xtext(octets)) == octets
    assert encode_xtext(b"alice@example.test") == "alice@example.test"


def test_any_text_survives_unitext():
    text = "a b+c=d\\e\x01\x7fä例😀"

    encoded = encode_unitext(text)

    assert encoded.isascii()
    assert decode_unitext(encoded) == text
    assert decode_xtext(encode_unitext("alice@例.test")) is not None
    assert encode_unitext("alice@example.test") == "alice@example.test"
