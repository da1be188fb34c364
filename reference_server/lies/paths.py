"""Lies about the paths of MAIL and RCPT: RFC 5321 3.3, 3.6.1, 4.1.1.2, 4.1.1.3, 4.1.2 and 4.1.3."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from harness.protocol.addresses import (
    ForwardPath,
    Mailbox,
    ReversePath,
    is_domain_or_literal,
    read_forward_path,
    read_reverse_path,
)
from harness.protocol.commands import Objection, PathCommand, read_path_command
from harness.protocol.receiver import RULES, Rules
from reference_server.lies.model import Lie

P = TypeVar("P")

_REFUSED: Final = Objection(501, "5.1.3", "Not an address")
_NOTHING_DONE: Final = Objection(250, "2.1.0", "Sender ok")  # and nothing comes of it


def _refusing(pattern: bytes, objection: Objection = _REFUSED) -> Rules:
    """The rules where a path is refused in which the pattern is found."""
    return _reading(lambda octets: objection if re.search(pattern, octets) else octets)


def _reading(prepare: Callable[[bytes], bytes | Objection]) -> Rules:
    """The rules where both kinds of path are prepared before they are read."""

    def prepared(read: Callable[..., P | Objection], octets: bytes, *, utf8: bool) -> P | Objection:
        found = prepare(octets)
        return found if isinstance(found, Objection) else read(found, utf8=utf8)

    return replace(
        RULES,
        read_reverse_path=partial(prepared, read_reverse_path),
        read_forward_path=partial(prepared, read_forward_path),
    )


def _domains(is_domain: Callable[[str], bool]) -> Rules:
    """The rules where only some domains and literals are read."""

    def judge(text: str) -> bool:
        return is_domain_or_literal(text) and is_domain(text)

    return replace(
        RULES,
        read_reverse_path=partial(read_reverse_path, read_domain=judge),
        read_forward_path=partial(read_forward_path, read_domain=judge),
    )


def _to_the_first_hop(octets: bytes, *, utf8: bool) -> ForwardPath | Objection:
    path = read_forward_path(octets, utf8=utf8)
    if isinstance(path, Objection) or not path.route:
        return path
    return replace(path, mailbox=Mailbox(path.mailbox.local, path.route[0]))


def _rewritten(octets: bytes, *, utf8: bool) -> ReversePath | Objection:
    path = read_reverse_path(octets, utf8=utf8)
    if isinstance(path, Objection) or path.mailbox is None:
        return path
    return replace(path, mailbox=Mailbox(f"prvs={path.mailbox.local}", path.mailbox.domain))


def _blank_passed_over(
    argument: bytes, keyword: bytes, *, utf8: bool = False
) -> PathCommand | Objection:
    if argument.upper().startswith(keyword + b" :"):
        return _NOTHING_DONE
    return read_path_command(argument, keyword, utf8=utf8)


PATHS: Final[Mapping[str, Lie]] = {
    "few-characters": Lie(
        "a local-part has letters, digits and dots, or else is a syntax error",
        _refusing(rb"^<(?:@[^:]*:)?[A-Za-z0-9.]*[^A-Za-z0-9.@\">\x80-\xff][^@]*@"),
    ),
    "blank-before-colon-lost": Lie(
        "MAIL FROM : is answered 250, and passed over",
        replace(RULES, read_path_command=_blank_passed_over),
    ),
    "no-source-routes": Lie("source routes are syntax errors", _refusing(rb"^<@")),
    "source-routes-followed": Lie(
        "mail goes to the first host of a source route",
        replace(RULES, read_forward_path=_to_the_first_hop),
    ),
    "sender-rewritten": Lie(
        "the reverse-path is signed on its way in", replace(RULES, read_reverse_path=_rewritten)
    ),
}
