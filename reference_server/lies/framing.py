"""Lies about TLS (RFC 3207, RFC 8314), groups (RFC 2920), SIZE (RFC 1870), codes (RFC 3463)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from harness.protocol import trace
from harness.protocol.extensions import Facts
from harness.protocol.receiver import RULES, Answer, Occasion
from harness.protocol.replies import Reply
from harness.protocol.trace import Trace
from harness.protocol.transparency import DataReader
from reference_server.lies.model import (
    Lie,
    refusing,
    unchecked,
    with_extension,
    with_parameter,
)


def _even_inside(facts: Facts) -> bool:
    return facts.can_secure


def _all_but_plain(facts: Facts) -> str:
    return " ".join(name for name in facts.mechanisms if name != "PLAIN")


def _as_in_the_clear(traced: Trace, content: bytes) -> bytes:
    protocol = re.sub("SA?$", "", traced.protocol)
    return trace.stamp(replace(traced, protocol=protocol), content)


def _as_smtp(traced: Trace, content: bytes) -> bytes:
    protocol = "SMTP" if traced.protocol == "ESMTP" else traced.protocol
    return trace.stamp(replace(traced, protocol=protocol), content)


def _nothing_to_the_unknown(occasion: Occasion | None, reply: Reply) -> bytes:
    return b"" if occasion is Occasion.UNKNOWN_COMMAND else reply.octets


def _up_to_a_syntax_error(replies: list[bytes]) -> bytes:
    wrong = next((at for at, reply in enumerate(replies) if reply.startswith(b"501")), None)
    return b"".join(replies if wrong is None else replies[: wrong + 1])


def _nothing_behind_hello(replies: list[bytes]) -> bytes:
    is_hello = bool(replies) and b" greets " in replies[0]
    return b"".join(replies[:1] if is_hello else replies)


def _without_a_last_252(replies: list[bytes]) -> bytes:
    is_held = len(replies) > 1 and replies[-1].startswith(b"252")
    return b"".join(replies[:-1] if is_held else replies)


def _sixty_four(replies: list[bytes]) -> bytes:
    return b"".join(replies[:64])


class _TextAlone(DataReader):
    """Throws away what came behind the text in the same segment."""

    def take(self) -> bytes | None:
        """The text."""
        content = super().take()
        self.rest = b""
        return content


FRAMING: Final[Mapping[str, Lie]] = {
    # --- TLS
    "starttls-with-parameter": Lie(
        "EHLO lists STARTTLS with a word", with_parameter("STARTTLS", "1.3")
    ),
    "starttls-inside-tls": Lie(
        "STARTTLS is offered and taken inside TLS",
        with_extension("STARTTLS", is_offered=_even_inside),
    ),
    "goes-on-without-tls": Lie(
        "after a handshake that failed the talk goes on in the clear",
        replace(RULES, goes_on_without_tls=True),
    ),
    "tls-not-traced": Lie(
        "the Received field says ESMTP of what came inside TLS",
        replace(RULES, stamp=_as_in_the_clear),
    ),
    "traced-as-smtp": Lie(
        "the Received field says SMTP where the client said EHLO", replace(RULES, stamp=_as_smtp)
    ),
    "plain-not-offered": Lie(
        "PLAIN is not offered, inside TLS either",
        with_extension("AUTH", parameter=_all_but_plain),
    ),
    # --- PIPELINING
    "pipelining-with-parameter": Lie(
        "EHLO lists PIPELINING with a number", with_parameter("PIPELINING", "100")
    ),
    "unknown-command-unanswered": Lie(
        "a command that is not known gets no reply",
        replace(RULES, write_reply=_nothing_to_the_unknown),
    ),
    "hello-loses-the-rest": Lie(
        "what comes in one segment with EHLO or HELO is lost",
        replace(RULES, arrange=_nothing_behind_hello),
    ),
    "replies-held-back": Lie(
        "the reply to VRFY or EXPN at the end of a group is held back",
        replace(RULES, arrange=_without_a_last_252),
    ),
    "replies-wait-for-whole-lines": Lie(
        "nothing is answered while the beginning of a line is there",
        replace(RULES, holds_back=bool),
    ),
    "sixty-four-replies": Lie(
        "a group gets sixty-four replies and no more", replace(RULES, arrange=_sixty_four)
    ),
    "group-ends-with-error": Lie(
        "behind a syntax error the rest of a group gets no replies",
        replace(RULES, arrange=_up_to_a_syntax_error),
    ),
    "nothing-behind-text": Lie(
        "commands that come in one write with the end of the text are lost",
        replace(RULES, data_reader=_TextAlone),
    ),
    # --- SIZE
    "size-with-unit": Lie("EHLO lists SIZE with a unit", with_parameter("SIZE", "10485760 octets")),
    "size-without-zeros": Lie(
        "a declared size with a zero in front is refused", refusing("SIZE", "SIZE", "^0.")
    ),
    "size-unchecked": Lie("SIZE may say anything", unchecked("SIZE")),
    # --- status codes by their occasion (RFC 3463)
    "codes-all-alike": Lie(
        "every refusal carries X.0.0",
        replace(
            RULES,
            write_reply=lambda occasion, reply: re.sub(
                rb"(?m)^([45]\d\d[ -][45])\.\d+\.\d+ ", rb"\1.0.0 ", reply.octets
            ),
        ),
    ),
    "code-with-leading-zeros": Lie(
        "a status code has digits in front that say nothing",
        replace(
            RULES,
            answers={**RULES.answers, Occasion.RESET: Answer(250, "2.00.0", "Forgotten")},
        ),
    ),
}
