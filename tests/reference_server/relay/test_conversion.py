import email
import email.policy

import pytest

from reference_server.relay.sessions.conversion import seven_bit


def mime(*lines, end=b"\r\n"):
    return b"\r\n".join(line if isinstance(line, bytes) else line.encode() for line in lines) + end


TEXT = mime(
    "Received: from a\r\n\tby b;\r\n\tnow",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: 8bit",
    "",
    "Grüße = schön ",
    ".",
)
LATIN = mime(
    "MIME-Version: 1.0", "Content-Type: text/plain; charset=iso-8859-1", "", b"Gr\xfc\xdfe"
)
BINARY = mime(
    "MIME-Version: 1.0",
    "Content-Type: image/png",
    "Content-Transfer-Encoding: binary",
    "",
    b"\x89PNG\r\n\x1a\n\x00\xff\r\r\n\n",
    end=b"",
)
MIXED = mime(
    "MIME-Version: 1.0",
    'Content-Type: multipart/mixed; boundary="=b"',
    "Content-Transfer-Encoding: 8bit",
    "",
    "preamble",
    "--=b",
    "Content-Type: text/plain; charset=utf-8",
    "",
    "ü",
    "--=b",
    "Content-Type: application/octet-stream",
    "Content-Transfer-Encoding: base64",
    "",
    "AAEC",
    "--=b",
    "Content-Type: message/rfc822",
    "Content-Transfer-Encoding: 8bit",
    "",
    "Subject: inner",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: 8bit",
    "",
    "ö",
    "--=b--",
)
SIGNED = (
    "Content-Type:multipart/signed; boundary=s; protocol=x",  # spelled without a blank
    "",
    "--s",
    "Content-Type:  text/plain",
    "",
    "signed{}",
    "--s",
    "Content-Type: application/x",
    "",
    "signature",
    "--s--",
)


def around(*part):
    return mime(
        "MIME-Version: 1.0",
        "Content-Type: multipart/mixed; boundary=o",
        "",
        "--o",
        *part,
        "--o",
        "Content-Type: text/plain; charset=utf-8",
        "",
        "footer ü",
        "--o--",
    )


def tidy(lines):
    return [
        line.replace("Content-Type:m", "Content-Type: m").replace(":  t", ": t") for line in lines
    ]


GLOBAL = around(
    "Content-Type: message/global-headers",
    "Content-Transfer-Encoding: 8bit",
    "",
    "Subject: ü",
    "",
)

CONVERTED = {
    "text": TEXT,
    "text in another charset": LATIN,
    "binary": BINARY,
    "parts, and a message within": MIXED,
    "a signed part beside another": around(*tidy([line.format("") for line in SIGNED])),
    "a header of a UTF-8 message": GLOBAL,
    "lines that are too long": mime("MIME-Version: 1.0", "", "x" * 2_000),
    "a NUL": mime("MIME-Version: 1.0", "", "a\0b"),
    "line ends that are no line ends": mime("MIME-Version: 1.0", "", "a\nb\rc"),
}
KEPT_BACK = {
    "no MIME at all": mime("Subject: x", "", "ü"),
    "a header beyond ASCII": mime("MIME-Version: 1.0", "Subject: ü", "", "ü"),
    "a part's header beyond ASCII": around("Content-Disposition: attachment; filename=ü", "", "x"),
    "signed 8-bit text": mime("MIME-Version: 1.0", *[line.format("ü") for line in SIGNED]),
    "a signed part that would be spelled anew": around(*[line.format("") for line in SIGNED]),
    "encrypted": mime(
        "MIME-Version: 1.0", "Content-Type: application/pkcs7-mime",
        "Content-Transfer-Encoding: binary", "", b"\x80\x00"),
    "a preamble beyond ASCII": around("", "x").replace(b"--o\r\n", b"\xc3\xbc\r\n--o\r\n", 1),
    "messages in messages, deeper than anybody follows": mime(
        "MIME-Version: 1.0", *["Content-Type: message/rfc822", ""] * 1_000, "", "ü"),
    "more parts than are worth the time": mime(
        "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=o", "",
        *["--o", "", "ü"] * 1_001, "--o--"),
    "base64 that is none": mime(
        "MIME-Version: 1.0", "Content-Type: message/global",
        "Content-Transfer-Encoding: base64", "", "a", "", "ü"),
}  # fmt: skip


def decoded(content):
    message = email.message_from_bytes(content, policy=email.policy.compat32)
    return [
        (part.get_content_type(), part.get_payload(decode=True))
        for part in message.walk()
        if not part.is_multipart()
    ]


@pytest.mark.parametrize("content", CONVERTED.values(), ids=CONVERTED)
def test_what_is_converted_means_the_same(content):
    converted = seven_bit(content)
    assert converted is not None
    assert converted.isascii()
    assert b"\0" not in converted
    assert converted.count(b"\n") == converted.count(b"\r\n") == converted.count(b"\r")
    assert max(map(len, converted.split(b"\r\n"))) <= 998
    if b"message/global" not in content:
        assert decoded(converted) == decoded(content)


@pytest.mark.parametrize("content", KEPT_BACK.values(), ids=KEPT_BACK)
def test_what_cannot_be_converted_without_harm_is_not(content):
    assert seven_bit(content) is None


def test_fields_and_what_is_ascii_already_stay_as_they_are():
    converted = seven_bit(MIXED)
    assert converted is not None
    for line in (b"preamble", b"AAEC", b"Subject: inner", b'boundary="=b"'):
        assert line in converted
    assert seven_bit(TEXT).startswith(
        b"Received: from a\r\n\tby b;\r\n\tnow\r\nMIME-Version: 1.0\r\n"
    )
    assert b"Gr=C3=BC=C3=9Fe =3D sch=C3=B6n=20\r\n" in seven_bit(TEXT)


def test_a_signed_part_is_the_same_octets_afterwards():
    part = tidy([line.format("") for line in SIGNED])
    converted = seven_bit(around(*part))
    assert converted is not None
    assert mime(*part, end=b"") in converted


def test_a_message_that_holds_utf8_headers_can_be_read_back():
    converted = seven_bit(GLOBAL)
    assert converted is not None
    assert b"U3ViamVjdDogw7w" in converted  # "Subject: ü" in base64
