"""Notifications read back with the email package: what a program at the sender's sees."""

from __future__ import annotations

import email
import email.message
import email.policy
from dataclasses import dataclass


@dataclass
class Report:
    message: email.message.EmailMessage
    text: str
    kind: str
    fields: dict[str, str]  # of the message
    recipients: list[dict[str, str]]
    returned_kind: str
    returned: bytes


def read(content: bytes) -> Report:
    """The parts of a report; fails where it is none."""
    assert content.endswith(b"\r\n")
    assert content.count(b"\n") == content.count(b"\r\n") == content.count(b"\r")
    assert max(map(len, content.split(b"\r\n"))) <= 998
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, email.message.EmailMessage)
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    assert not message.defects
    text, status, returned = message.iter_parts()
    groups = [_fields(group) for group in _body(content, 1).split(b"\r\n\r\n")]
    return Report(
        message=message,
        text=text.get_content(),
        kind=status.get_content_type(),
        fields=groups[0],
        recipients=groups[1:],
        returned_kind=returned.get_content_type(),
        returned=_body(content, 2),
    )


def _fields(group: bytes) -> dict[str, str]:
    unfolded = group.decode().replace("\r\n ", " ")
    pairs = [line.split(": ", 1) for line in unfolded.split("\r\n") if line]
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a field stands twice: {names}"
    return dict(pairs)


def _body(content: bytes, number: int) -> bytes:
    """A part's octets, as RFC 2046 5.1.1 delimits them."""
    boundary = email.message_from_bytes(content).get_boundary()
    assert boundary is not None
    part = content.split(b"\r\n--" + boundary.encode())[number + 1]
    return part.split(b"\r\n\r\n", 1)[1]
