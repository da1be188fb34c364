"""The message that is sent: made of options, or as it is written."""

from __future__ import annotations

import email
import email.policy
import io
import sys
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from harness.cli.sending.content import make_content, make_words, with_crlf
from harness.cli.sending.templates import Words
from harness.errors import UsageError
from harness.protocol.sender import Envelope
from tests.cli.sending.wishing import wishes

ENVELOPE = Envelope("a@b.example", ("c@d.example", "postmaster"))
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def words(envelope: Envelope = ENVELOPE, number: int = 7) -> Words:
    return make_words(envelope, "[127.0.0.1]", "d.example", number, NOW)


def octets_of(envelope: Envelope = ENVELOPE, **options: object) -> bytes:
    return make_content(wishes(**options), envelope)(words(envelope))


def message_of(envelope: Envelope = ENVELOPE, **options: object) -> EmailMessage:
    octets = octets_of(envelope, **options)
    assert b"\n" not in octets.replace(b"\r\n", b"")
    found = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def text_of(message: EmailMessage) -> str:
    text: str = message.get_content()
    return text.replace("\r\n", "\n")


def test_a_message_is_made_of_nothing():
    message = message_of()

    assert message["From"] == "a@b.example"
    assert message["To"] == "c@d.example, postmaster@d.example"
    assert message["Date"] == "Fri, 02 Jan 2026 03:04:05 +0000"
    token = message["Subject"].split()[-1]
    assert message["Message-ID"] == f"<{token}@127.0.0.1>"
    assert f"Token: {token}\n" in text_of(message)


def test_no_two_messages_have_one_token():
    assert words()["token"] != words()["token"]


def test_the_null_sender_has_a_header_all_the_same():
    assert message_of(Envelope("", ("c@d",)))["From"] == "postmaster@d.example"


def test_subject_body_and_fields_are_filled_in():
    message = message_of(
        subject="{number} of {token}",
        body="To {to}, {who}: {helo} {",
        headers=("X-Date: {date}", "X-None:", "x-one: 1", "x-one: 2"),
    )

    assert message["Subject"].startswith("7 of ")
    assert text_of(message) == ("To c@d.example, postmaster@d.example, {who}: [127.0.0.1] {\n")
    assert message["X-Date"] == "Fri, 02 Jan 2026 03:04:05 +0000"
    assert message["X-None"] == ""
    assert message.get_all("X-One") == ["1", "2"]


def test_a_field_takes_the_place_of_the_usual_one():
    message = message_of(headers=("from: <x@y>", "Message-Id: <1@2>"))

    assert message.get_all("From") == ["x@y"]
    assert message.get_all("Message-ID") == ["<1@2>"]


def test_what_is_not_ascii_is_encoded():
    octets = octets_of(subject="Grüße", body="Grüße")

    assert octets.isascii()
    message = message_of(subject="Grüße", body="Grüße")
    assert message["Subject"] == "Grüße"
    assert text_of(message) == "Grüße\n"


@pytest.mark.parametrize(
    ("envelope", "smtputf8"), [(ENVELOPE, True), (Envelope("ä@b", ("c@d",)), False)]
)
def test_with_smtputf8_the_header_is_not(envelope: Envelope, smtputf8: bool):
    assert "Subject: Grüße\r\n".encode() in octets_of(envelope, subject="Grüße", smtputf8=smtputf8)


def test_long_lines_are_folded_away():
    octets = octets_of(body="x" * 2000)

    assert max(map(len, octets.split(b"\r\n"))) <= 998
    assert text_of(message_of(body="x" * 2000)) == "x" * 2000 + "\n"


def test_attachments_keep_their_octets_names_and_types(tmp_path: Path):
    (tmp_path / "größe.png").write_bytes(b"\x89PNG\r\n\0")
    (tmp_path / "what").write_bytes(b"\n\r\0")
    (tmp_path / "tar.tar.gz").write_bytes(b"x")
    (tmp_path / "letter.eml").write_bytes(b"Subject: inner\r\n\r\n\xffhi\r\n")
    names = ["größe.png", "what", "tar.tar.gz", "letter.eml"]

    message = message_of(attachments=tuple(tmp_path / name for name in names))

    image, other, packed, letter = message.iter_attachments()
    assert [part.get_filename() for part in message.iter_attachments()] == names
    assert image.get_content_type() == "image/png"
    assert image.get_content() == b"\x89PNG\r\n\0"
    assert other.get_content() == b"\n\r\0"
    assert packed.get_content_type() == "application/octet-stream"
    assert letter.get_content()["Subject"] == "inner"


def test_a_file_is_sent_as_it_is(tmp_path: Path):
    path = tmp_path / "letter.eml"
    path.write_bytes(b"Subject: {token}\r\n\r\n.\xff\0")

    assert octets_of(file=path) == path.read_bytes()


@pytest.mark.parametrize(
    ("octets", "sent"),
    [
        (b"a\nb\n", b"a\r\nb\r\n"),
        (b"a\r\nb\n", b"a\r\nb\n"),  # as it is: not ours to put right
        (b"", b""),
    ],
)
def test_a_file_with_line_feeds_alone_gets_the_line_ends_of_mail(
    tmp_path: Path, octets: bytes, sent: bytes
):
    assert with_crlf(octets) == sent
    (tmp_path / "x").write_bytes(octets)
    assert octets_of(file=tmp_path / "x") == sent
    assert octets_of(file=tmp_path / "x", raw=True) == octets


def test_a_template_is_filled_in_and_nothing_else(tmp_path: Path):
    path = tmp_path / "letter.txt"
    path.write_text("From: {from}\nX: {number} {message-id}\n\n{ü} {token\n", encoding="utf-8")

    told = words()
    sent = make_content(wishes(template=path), ENVELOPE)(told)

    message_id = told["message-id"]
    assert sent.decode() == f"From: a@b.example\r\nX: 7 {message_id}\r\n\r\n{{ü}} {{token\r\n"


@pytest.mark.parametrize("option", ["body", "file", "template"])
def test_a_dash_is_standard_input(monkeypatch, option: str):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"X: 1\n\nfrom afar\n")))

    value = "-" if option == "body" else Path("-")

    assert b"from afar\r\n" in octets_of(**{option: value})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"headers": ("no colon",)}, "'Name: value'"),
        ({"headers": ("a b: c",)}, "'Name: value'"),
        ({"headers": (": c",)}, "'Name: value'"),
        ({"headers": ("Subject: a\r\nBcc: b",)}, "Subject"),
        ({"headers": ("Subject: a", "subject: b")}, "at most 1"),
        ({"subject": "a\nb"}, "Subject"),
        ({"file": Path("not/there")}, "--file: not/there: No such file"),
        ({"template": Path("not/there")}, "--template"),
        ({"attachments": (Path("not/there"),)}, "--attach"),
    ],
)
def test_what_makes_no_message_is_told_before_anybody_is_connected_to(
    options: dict[str, object], said: str
):
    with pytest.raises(UsageError, match=said):
        make_content(wishes(**options), ENVELOPE)


def test_a_template_is_text(tmp_path: Path):
    (tmp_path / "x").write_bytes(b"ab\xff")

    with pytest.raises(UsageError, match="not UTF-8 at octet 2"):
        octets_of(template=tmp_path / "x")
