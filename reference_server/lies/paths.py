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

_PARAMETER: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9-]*(?:=[!-<>-~\x80-\xff]+)?")
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


def _without_keyword(
    argument: bytes, keyword: bytes, *, utf8: bool = False
) -> PathCommand | Objection:
    found = read_path_command(argument, keyword, utf8=utf8)
    if isinstance(found, PathCommand):
        empty = b"<>" if keyword == b"FROM" else b"<postmaster>"
        return replace(found, path=empty) if found.path in (b"", b"<>") else found
    path = argument.rpartition(b":")[2] or (b"<>" if keyword == b"FROM" else b"<postmaster>")
    return read_path_command(keyword + b":" + path, keyword, utf8=utf8)


def _like_an_address(
    argument: bytes, keyword: bytes, *, utf8: bool = False
) -> PathCommand | Objection:
    word, _, rest = argument.partition(b":")
    match = re.search(rb"[^\s<>@:]+@[^\s<>]+", rest)
    if match is None or re.match(rb" *<[^<>]*>(?: |$)", rest):
        return read_path_command(argument, keyword, utf8=utf8)
    return read_path_command(b"%b:<%b>" % (word, match[0]), keyword, utf8=utf8)


def _readable_parameters(
    argument: bytes, keyword: bytes, *, utf8: bool = False
) -> PathCommand | Objection:
    path, blank, words = argument.partition(b"> ")
    readable = [word for word in words.split(b" ") if _PARAMETER.fullmatch(word)]
    return read_path_command(b" ".join([path + blank.strip(), *readable]), keyword, utf8=utf8)


def _one_parameter(
    argument: bytes, keyword: bytes, *, utf8: bool = False
) -> PathCommand | Objection:
    found = read_path_command(argument, keyword, utf8=utf8)
    is_too_much = isinstance(found, PathCommand) and len(found.parameters) > 1
    return Objection(501, "5.5.4", "One parameter at a time") if is_too_much else found


def _with_its_quotes(octets: bytes, *, utf8: bool) -> ForwardPath | Objection:
    path = read_forward_path(octets, utf8=utf8)
    if isinstance(path, Objection) or b'"' not in octets:
        return path
    written = octets[1:].rpartition(b"@")[0].decode()
    return replace(path, mailbox=Mailbox(written, path.mailbox.domain))


def _fewer_dots(octets: bytes) -> bytes:
    local, at, domain = octets.rpartition(b"@")
    return b"<" + re.sub(rb"\.+", b".", local[1:]).strip(b".") + at + domain if at else octets


PATHS: Final[Mapping[str, Lie]] = {
    "few-characters": Lie(
        "a local-part has letters, digits and dots, or else is a syntax error",
        _refusing(rb"^<(?:@[^:]*:)?[A-Za-z0-9.]*[^A-Za-z0-9.@\">\x80-\xff][^@]*@"),
    ),
    "blank-before-colon-lost": Lie(
        "MAIL FROM : is answered 250, and passed over",
        replace(RULES, read_path_command=_blank_passed_over),
    ),
    "keyword-not-needed": Lie(
        "MAIL and RCPT need neither FROM nor TO, nor any address",
        replace(RULES, read_path_command=_without_keyword),
    ),
    "any-address": Lie(
        "whatever looks like an address is one, with brackets or without",
        replace(RULES, read_path_command=_like_an_address),
    ),
    "odd-parameters-dropped": Lie(
        "parameters that cannot be read are passed over",
        replace(RULES, read_path_command=_readable_parameters),
    ),
    "one-parameter": Lie(
        "a second parameter of MAIL or RCPT is one too many",
        replace(RULES, read_path_command=_one_parameter),
    ),
    "quotes-kept": Lie(
        "a quoted local-part is another mailbox",
        replace(RULES, read_forward_path=_with_its_quotes),
    ),
    "dots-anywhere": Lie("dots may stand anywhere in a local-part", _reading(_fewer_dots)),
    "empty-local-part-lost": Lie(
        "an empty local-part is answered 250, and passed over",
        _refusing(rb'^<""@', _NOTHING_DONE),
    ),
    "letters-first": Lie(
        "each label of a domain begins with a letter",
        _domains(lambda text: text[0] == "[" or re.search(r"(?:^|\.)[0-9]", text) is None),
    ),
    "no-ipv6": Lie(
        "literals of IPv6 addresses are syntax errors",
        _domains(lambda text: not text.lower().startswith("[ipv6:")),
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
