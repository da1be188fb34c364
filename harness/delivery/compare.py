"""A stored message against what must have been delivered.

A server may put fields on top of a message (RFC 5321 4.4), above the first field that we sent.
Nothing else may change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.content import Field, Message, begin_of, is_header, read_message
from harness.delivery.excerpt import excerpts
from harness.delivery.hexdiff import hex_diff
from harness.delivery.stored import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one message must be, with its variables filled in."""

    body: bytes | None = None
    content: bytes | None = None
    header: Mapping[str, str] = field(default_factory=dict)
    return_path: str | None = None
    has_received: bool = False
    received_is_optional: bool = False  # what it must not say is all that is wanted of it
    received_count: int | None = None
    received_with: str | None = None
    received_matches: str | None = None  # an expression; fields are unfolded for it
    received_lacks: str | None = None
    unchanged: tuple[str, ...] = ()
    fields: Mapping[str, int] = field(default_factory=dict)
    lacks: bytes | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """The one thing that is not as wanted."""

    wanted: str
    met: str
    detail: tuple[str, ...] = ()


def compare(wanted: Wanted, stored: Stored, sent: bytes | None) -> Difference | None:
    """The first difference between what was wanted and what is stored; `sent` is what we sent."""
    message = read_message(stored.octets)
    source = read_message(sent or b"")
    found = (look(wanted, stored, message, source) for look in _LOOKS)
    return next((difference for difference in found if difference), None)


Look = Callable[[Wanted, Stored, Message, Message], Difference | None]


def _body(wanted: Wanted, stored: Stored, message: Message, source: Message) -> Difference | None:
    if wanted.body is None or wanted.body == message.body:
        return None
    return _other_octets("body", wanted.body, message.body)


def _content(
    wanted: Wanted, stored: Stored, message: Message, source: Message
) -> Difference | None:
    if wanted.content is None:
        return None
    if not read_message(wanted.content).fields:
        # Fields on top may need an empty line before a text that has no header of its own.
        found, above = message.body, b""
    else:
        at = begin_of(wanted.content, stored.octets)
        found, above = stored.octets[at:], stored.octets[:at]
    if found != wanted.content:
        return _other_octets("content", wanted.content, found)
    if not is_header(above):
        return Difference("nothing but header fields above the content", _shown(above))
    return None


def _other_octets(what: str, wanted: bytes, met: bytes) -> Difference:
    wish, fact = excerpts(wanted, met)
    return Difference(f"this {what}, {wish}", fact, hex_diff(wanted, met))


def _header(wanted: Wanted, stored: Stored, message: Message, source: Message) -> Difference | None:
    for name, text in wanted.header.items():
        texts = [it.text for it in message.named(name)]
        if text not in texts:
            met = " and ".join(f"{name}: {other}" for other in texts) or f"no field {name}"
            return Difference(f"the field {name}: {text}", met)
    return None


def _return_path(
    wanted: Wanted, stored: Stored, message: Message, source: Message
) -> Difference | None:
    if wanted.return_path is None:
        return None
    texts = [it.text for it in message.named("Return-Path")]
    wish = f"<{wanted.return_path}>"
    if texts and re.sub(r"\s", "", texts[0]) == wish:
        return None
    return Difference(
        f"Return-Path: {wish}", f"Return-Path: {texts[0]}" if texts else "no Return-Path field"
    )


def _received(
    wanted: Wanted, stored: Stored, message: Message, source: Message
) -> Difference | None:
    if not wanted.has_received:
        return None
    new = _new_received(message, source)
    count = wanted.received_count
    if not new and wanted.received_is_optional:
        return None
    if not new if count is None else len(new) != count:
        wish = "a Received field" if count is None else f"Received fields: {count}"
        met = f"{len(new)} of them" if new else "none"
        return Difference(f"{wish} above what we sent", met, tuple(it.text for it in new))
    protocols = [match[1] for it in new if (match := re.search(r"\bwith\s+([\w-]+)", it.text))]
    with_ = wanted.received_with
    # Literals of an ABNF, whose case does not matter (RFC 5234 2.3); Exim's are small.
    if with_ and not {*with_.upper().split("|")} & {it.upper() for it in protocols}:
        return Difference(
            f"a Received field with {with_.replace('|', ' or ')}",
            f"with {', '.join(protocols)}" if protocols else "none that says with what",
        )
    return _like(wanted.received_matches, wanted.received_lacks, [it.text for it in new])


def _like(matches: str | None, lacks: str | None, texts: list[str]) -> Difference | None:
    met = " and ".join(texts)
    if matches is not None and not any(re.search(matches, text) for text in texts):
        return Difference(f"a new Received field like /{matches}/", met)
    wrong = next((it for it in texts if lacks is not None and re.search(lacks, it)), None)
    if wrong is not None:
        return Difference(f"no new Received field like /{lacks}/", wrong)
    return None


def _new_received(message: Message, source: Message) -> list[Field]:
    """The Received fields that somebody put on top of what we sent."""
    received = list(message.named("Received"))
    first = source.fields[0] if source.fields else None
    if first in message.fields:
        above = message.fields[: message.fields.index(first)]
        return [it for it in received if it in above]
    return received[: max(len(received) - len(source.named("Received")), 0)]


def _unchanged(
    wanted: Wanted, stored: Stored, message: Message, source: Message
) -> Difference | None:
    for name in wanted.unchanged:
        sent = b"".join(it.octets for it in source.named(name))
        stands = message.named(name)[-len(source.named(name)) :] if sent else ()
        met = b"".join(it.octets for it in stands)
        if met != sent:
            return Difference(
                f"the {name} fields that we sent, unchanged and in their order: {_shown(sent)}",
                _shown(met),
                hex_diff(sent, met),
            )
    return None


def _fields(wanted: Wanted, stored: Stored, message: Message, source: Message) -> Difference | None:
    for name, count in wanted.fields.items():
        texts = tuple(it.text for it in message.named(name))
        if len(texts) != count:
            return Difference(f"{name} fields: {count}", f"{len(texts)} of them", texts)
    return None


def _lacks(wanted: Wanted, stored: Stored, message: Message, source: Message) -> Difference | None:
    text = wanted.lacks
    if text is None or text.lower() not in stored.octets.lower():
        return None
    at = stored.octets.lower().find(text.lower())
    line = stored.octets[stored.octets.rfind(b"\n", 0, at) + 1 :].partition(b"\n")[0]
    return Difference(f"no {text!r} anywhere in the message", _shown(line))


_LOOKS: tuple[Look, ...] = (
    *(_body, _content, _header, _return_path, _received, _unchanged, _fields, _lacks),
)


def _shown(octets: bytes) -> str:
    if not octets:
        return "nothing"
    text = octets if len(octets) <= 120 else octets[:100] + b"..."
    return f"{len(octets)} octets, {text!r}"
