"""Lies about eight bits (RFC 6152) and about addresses and headers in UTF-8 (RFC 6531)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from harness.protocol import trace
from harness.protocol.addresses import read_forward_path, read_reverse_path
from harness.protocol.commands import Objection, Parameters
from harness.protocol.extensions import Facts
from harness.protocol.extensions.model import bad_value
from harness.protocol.receiver import RULES, Occasion
from harness.protocol.replies import Reply
from harness.protocol.trace import Trace
from reference_server.lies.model import Lie, with_extension, with_parameter, without_announcing

P = TypeVar("P")

_SEVEN: Final = bytes(octet & 0x7F for octet in range(256))


def _seven_bits(octets: bytes) -> bytes:
    return RULES.unstuff(octets).translate(_SEVEN)


def _upper_case_alone(value: str | None) -> Objection | None:
    return None if value in ("7BIT", "8BITMIME") else bad_value("BODY")


def _with_body(parameters: Parameters, facts: Facts) -> Objection | None:
    names = {name for name, _ in parameters}
    return bad_value("SMTPUTF8") if {"SMTPUTF8", "BODY"} <= names else None


def _utf8_read(
    read: Callable[..., P | Objection], decide: Callable[[bool], bool], octets: bytes, *, utf8: bool
) -> P | Objection:
    return read(octets, utf8=decide(utf8))


def _any_octets_read(
    read: Callable[..., P | Objection], octets: bytes, *, utf8: bool
) -> P | Objection:
    found = read(octets, utf8=utf8)
    if isinstance(found, Objection) and utf8:
        return read(octets.decode("latin-1").encode(), utf8=True)
    return found


def _as_plain_esmtp(traced: Trace, content: bytes) -> bytes:
    return trace.stamp(
        replace(traced, protocol=traced.protocol.replace("UTF8SMTP", "ESMTP")), content
    )


def _greeting_in_utf8(occasion: Occasion | None, reply: Reply) -> bytes:
    where = b"example" if occasion is Occasion.GREETING else b"\0"
    return reply.octets.replace(where, "exämple".encode())


def _echo(occasion: Occasion | None, reply: Reply) -> bytes:
    if occasion not in (Occasion.SENDER_OK, Occasion.VERIFIED):
        return reply.octets
    return reply.octets.replace(b"\r\n", " <jösé>\r\n".encode())


def _paths(lie: Callable[..., object], *how: object) -> dict[str, object]:
    return {
        "read_reverse_path": partial(lie, read_reverse_path, *how),
        "read_forward_path": partial(lie, read_forward_path, *how),
    }


EIGHT_BIT: Final[Mapping[str, Lie]] = {
    "8bitmime-with-parameter": Lie(
        "EHLO lists 8BITMIME with a word", with_parameter("8BITMIME", "yes")
    ),
    "body-case-sensitive": Lie(
        "BODY's values are known in upper case alone",
        with_extension("8BITMIME", mail_parameters={"BODY": _upper_case_alone}),
    ),
    "body-unchecked": Lie(
        "BODY may say anything",
        with_extension("8BITMIME", mail_parameters={"BODY": lambda value: None}),
    ),
    "seven-bits": Lie("the eighth bit of each octet is lost", replace(RULES, unstuff=_seven_bits)),
    "utf8-without-8bitmime": Lie(
        "SMTPUTF8 is offered without 8BITMIME", without_announcing("8BITMIME")
    ),
    "utf8-alone": Lie(
        "SMTPUTF8 is refused beside BODY", with_extension("SMTPUTF8", object_to_mail=_with_body)
    ),
    "utf8-value-unchecked": Lie(
        "SMTPUTF8 takes a value",
        with_extension("SMTPUTF8", mail_parameters={"SMTPUTF8": lambda value: None}),
    ),
    "utf8-paths-refused": Lie(
        "addresses in UTF-8 are syntax errors, whatever MAIL says",
        replace(RULES, **_paths(_utf8_read, lambda utf8: False)),  # type: ignore[arg-type]  # fields by name
    ),
    "utf8-without-word": Lie(
        "addresses in UTF-8 are taken where MAIL does not say SMTPUTF8",
        replace(RULES, **_paths(_utf8_read, lambda utf8: True)),  # type: ignore[arg-type]  # fields by name
    ),
    "utf8-unchecked": Lie(
        "any octets are UTF-8 in an address",
        replace(RULES, **_paths(_any_octets_read)),  # type: ignore[arg-type]  # fields by name
    ),
    "domain-in-utf8": Lie(
        "the domain in the greeting is beyond ASCII", replace(RULES, write_reply=_greeting_in_utf8)
    ),
    "address-echoed": Lie("MAIL and VRFY are answered in UTF-8", replace(RULES, write_reply=_echo)),
    "utf8-not-traced": Lie(
        "the Received field says ESMTP where UTF8SMTP was spoken",
        replace(RULES, stamp=_as_plain_esmtp),
    ),
}
