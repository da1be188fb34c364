"""What a message that arrived is: one of ours, a report about one of ours, or somebody else's.

A token in the header says that it is ours; one further down, in what comes from nobody or is a
report, says which of ours came back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from harness.accounting.earlier import reported_at
from harness.accounting.tokens import FIELD, PATTERN

_TOKEN: Final = PATTERN.pattern.encode()
_ANYWHERE: Final = re.compile(_TOKEN)
_OURS: Final = re.compile(
    rb"^(?:(?:%b|Subject):[ \t]*(?P<whole>%b)[ \t]*\r?$|Message-ID:[ \t]*<(?P<part>%b)@)"
    % (FIELD.encode(), _TOKEN, _TOKEN),
    re.MULTILINE | re.IGNORECASE,
)
# Where reports and answers name what they are about.
_ABOUT: Final = re.compile(
    rb"^(?:References|In-Reply-To):([^\n]*\n(?:[ \t][^\n]*\n)*)",
    re.MULTILINE | re.IGNORECASE,
)
_HEADER_END: Final = re.compile(rb"\n\r?\n")
_IS_REPORT: Final = re.compile(rb"^Content-Type:[ \t]*multipart/report\b", re.I | re.M)
_FROM_NOBODY: Final = re.compile(rb"^Return-Path:[ \t]*<>", re.I | re.M)
_DELIVERED_TO: Final = re.compile(
    rb"^(?:X-Original-To|Envelope-To|Delivered-To):[ \t]*<?([^\s>]+)>?[ \t]*\r?$", re.I | re.M
)
_MOST: Final = 100  # tokens in one report that are looked at: the first of ours counts

# RFC 3464 2.3: fields of one recipient, between empty lines
_GROUP: Final = re.compile(rb"(?:^[!-9;-~]+:.*\n(?:[ \t].*\n)*)+", re.M)
_ACTION: Final = re.compile(rb"^Action:[ \t]*([a-z]+)", re.I | re.M)
_RECIPIENT: Final = re.compile(
    rb"^(?:Original|Final)-Recipient:[ \t]*[\w-]+[ \t]*;[ \t]*<?([^\s>]+)>?", re.I | re.M
)
_FAILED: Final = "failed"  # the one of RFC 3464's actions after which nothing more will come


@dataclass(frozen=True, slots=True)
class Ours:
    """A message that carries a token that may be ours."""

    tokens: tuple[str, ...]  # but for a field that somebody put in, there is one


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A report about one of these messages, as far as it gets to recipients."""

    tokens: tuple[str, ...]
    failed: tuple[str, ...]  # addresses that the report gives up
    is_final: bool  # False: it says that it goes on trying, or that all is well
    taken: float | None  # when the message was, in seconds after the epoch, if it says that


def identify(octets: bytes, reverse_path: str | None = None) -> Ours | Returned | None:
    """What this is; None for what has nothing to do with us."""
    end = _HEADER_END.search(octets)
    header, body = (octets[: end.start() + 1], octets[end.end() :]) if end else (octets, b"")
    borne = _borne(header)
    if borne:
        return Ours(borne)
    is_report = reverse_path == "" or _FROM_NOBODY.search(header) or _IS_REPORT.search(header)
    tokens = tuple(dict.fromkeys(_tokens(body))) if is_report else ()
    return _returned(tokens, body) if tokens else None


def _borne(header: bytes) -> tuple[str, ...]:
    """The tokens of a header; who answers a message has its subject, and is not that message."""
    words = dict.fromkeys([(it["whole"] or it["part"]).lower() for it in _OURS.finditer(header)])
    about = b"".join(_ABOUT.findall(header)).lower() if words else b""
    return tuple(word.decode() for word in words if word not in about)


def named_in_trace(octets: bytes) -> list[str]:
    """The recipients that whoever delivered a message has put on top of it."""
    end = _HEADER_END.search(octets)
    header = octets[: end.start()] if end else octets
    return [address.decode("utf-8", "replace") for address in _DELIVERED_TO.findall(header)]


def _tokens(body: bytes) -> Iterator[str]:
    for number, found in enumerate(_ANYWHERE.finditer(body)):
        if number == _MOST:
            return
        yield found[0].decode()


def _returned(tokens: tuple[str, ...], body: bytes) -> Returned:
    groups = [group[0] for group in _GROUP.finditer(body) if _ACTION.search(group[0])]
    failed = [
        address.decode("utf-8", "replace")
        for group in groups
        if _action(group) == _FAILED
        for address in _RECIPIENT.findall(group)
    ]
    is_final = not groups or any(_action(group) == _FAILED for group in groups)
    first = _ANYWHERE.search(body)
    assert first is not None, "it bears a token"
    return Returned(
        tokens=tokens,
        failed=tuple(failed),
        is_final=is_final,
        taken=reported_at(body[: first.start()]),
    )


def _action(group: bytes) -> str:
    found = _ACTION.search(group)
    assert found is not None, "a group has an action"
    return found[1].decode().lower()
