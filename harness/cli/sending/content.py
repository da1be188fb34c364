"""The message: made of options, or a file or template as it is written.

Mail has CRLF line ends, so a file that has only LF gets them; --raw leaves even that.
"""

from __future__ import annotations

import email
import email.policy
import email.utils
import mimetypes
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from email.errors import MessageError
from email.message import EmailMessage, Message
from pathlib import Path

from harness.cli.sending.templates import Words
from harness.cli.sending.wishes import Wishes
from harness.errors import UsageError
from harness.protocol.sender import Envelope

SUBJECT = "A test message, {token}"
BODY = "This is a test message from smtp-harness.\nToken: {token}\n"
STDIN = Path("-")

Make = Callable[[Words], bytes]


def make_words(envelope: Envelope, helo: str, host: str, number: int, now: datetime) -> Words:
    """What the words in braces stand for in message `number`."""
    token = secrets.token_hex(8)
    return Words(
        {
            "token": token,
            "number": str(number),
            "date": email.utils.format_datetime(now),
            "from": _whole(envelope.sender or "postmaster", host),
            "to": ", ".join(_whole(to, host) for to in envelope.recipients),
            "message-id": f"<{token}@{helo.strip('[]')}>",
            "helo": helo,
        }
    )


def make_content(wishes: Wishes, envelope: Envelope) -> Make:
    """What makes the content of each message; files are read here, once."""
    if wishes.file is not None:
        octets = _read(wishes.file, "--file")
        content = octets if wishes.raw else with_crlf(octets)
        return lambda words: content
    if wishes.template is not None:
        text = _text(_read(wishes.template, "--template"), "--template")
        return lambda words: with_crlf(words.filled_in(text).encode())
    return _Composer(wishes, envelope).content


def with_crlf(octets: bytes) -> bytes:
    """The octets with the line ends that mail has, if they have none of them."""
    return octets if b"\r\n" in octets else octets.replace(b"\n", b"\r\n")


class _Composer:
    """Makes MIME messages of a body, header fields and attachments."""

    def __init__(self, wishes: Wishes, envelope: Envelope) -> None:
        body = BODY if wishes.body is None else wishes.body
        self._body = _text(_read(STDIN, "--body"), "--body") if body == "-" else body
        self._fields = list(map(_field, wishes.headers))
        self._subject = wishes.subject
        addresses = (envelope.sender, *envelope.recipients)
        utf8 = wishes.smtputf8 or not all(map(str.isascii, addresses))
        self._policy = email.policy.SMTPUTF8 if utf8 else email.policy.SMTP
        self._parts = [_Attachment(path) for path in wishes.attachments]
        # A mistake in the header is told before anybody is connected to.
        self.content(Words(dict.fromkeys(_PROBE, "x")))

    def content(self, words: Words) -> bytes:
        """The message as octets."""
        message = EmailMessage(policy=self._policy)
        for name, value in self._header(words):
            try:
                message[name] = words.filled_in(value)
            except (ValueError, MessageError) as problem:
                raise UsageError(f"--header {name}: {problem}") from None
        body = words.filled_in(self._body)
        # Quoted-printable needs nothing of a server: who wants 8 bits sends a file.
        message.set_content(body if body.endswith("\n") else f"{body}\n",
                            cte="7bit" if _is_plain(body) else "quoted-printable")  # fmt: skip
        for part in self._parts:
            part.add_to(message)
        return message.as_bytes()

    def _header(self, words: Words) -> Iterator[tuple[str, str]]:
        usual = {
            "Date": "{date}",
            "From": "{from}",
            "To": "{to}",
            "Subject": SUBJECT if self._subject is None else self._subject,
            "Message-ID": "{message-id}",
        }
        said = {name.casefold() for name, _ in self._fields}
        yield from ((name, value) for name, value in usual.items() if name.casefold() not in said)
        yield from self._fields


_PROBE: Sequence[str] = ("token", "number", "date", "from", "to", "message-id", "helo")


class _Attachment:
    """A file, read once."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._octets = _read(path, "--attach")
        kind, encoding = mimetypes.guess_type(path.name)
        self._type = "application/octet-stream" if kind is None or encoding else kind

    def add_to(self, message: EmailMessage) -> None:
        """Adds a part; a message within stays one (RFC 2046 5.2.1 forbids base64 there)."""
        if self._type == "message/rfc822":
            inner: Message = email.message_from_bytes(self._octets, policy=message.policy)
            message.add_attachment(inner, filename=self._name)
        else:
            maintype, _, subtype = self._type.partition("/")
            message.add_attachment(
                self._octets, maintype=maintype, subtype=subtype, filename=self._name
            )


def _is_plain(text: str) -> bool:
    return text.isascii() and "\0" not in text and all(len(line) < 998 for line in text.split("\n"))


def _field(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name or not all("!" <= char <= "~" for char in name):
        raise UsageError(f"--header: 'Name: value', not {text!r}")
    return name, value.strip()


def _whole(path: str, host: str) -> str:
    """The bare postmaster (RFC 5321 4.5.1) is no address of a header."""
    return path if "@" in path else f"{path}@{host}"


def _read(path: Path, option: str) -> bytes:
    if path == STDIN:
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as problem:
        raise UsageError(f"{option}: {path}: {problem.strerror}") from None


def _text(octets: bytes, option: str) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError as problem:
        raise UsageError(
            f"{option}: not UTF-8 at octet {problem.start}; --file takes any"
        ) from None
