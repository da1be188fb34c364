"""Lies about enhanced status codes (RFC 2034) and status notifications (RFC 3461)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from harness.protocol.commands import Objection
from harness.protocol.extensions.model import Check, bad_value
from harness.protocol.receiver import ANSWERS, RULES, Answer, Occasion
from harness.protocol.replies import Reply
from reference_server.lies.model import Lie, answers_with, with_extension, with_parameter

_CODE = re.compile(rb"(?m)^(5\d\d[ -])5\.\d+\.\d+ ")


def _codes_of_errors_left_out(occasion: Occasion | None, reply: Reply) -> bytes:
    return _CODE.sub(rb"\1", reply.octets)


def _second_line_without_code(occasion: Occasion | None, reply: Reply) -> bytes:
    if occasion is not Occasion.HELP:
        return reply.octets
    return b"%d-2.0.0 There is help\r\n%d in RFC 5321\r\n" % (reply.code, reply.code)


_DSN: Final = RULES.extensions["DSN"]


def _unless(name: str, check: Check, is_refused: re.Pattern[str]) -> Check:
    """The check, which also refuses values that the pattern finds."""

    def judge(value: str | None) -> Objection | None:
        return bad_value(name) if value and is_refused.search(value) else check(value)

    return judge


def _refusing(pattern: str, *names: str) -> dict[str, Mapping[str, Check]]:
    is_refused = re.compile(pattern)
    return {
        table: {
            name: _unless(name, check, is_refused) if name in names else check
            for name, check in getattr(_DSN, table).items()
        }
        for table in ("mail_parameters", "rcpt_parameters")
    }


def _anything() -> dict[str, Mapping[str, Check]]:
    return {
        table: dict.fromkeys(getattr(_DSN, table), lambda value: None)
        for table in ("mail_parameters", "rcpt_parameters")
    }


STATUS: Final[Mapping[str, Lie]] = {
    "enhanced-with-parameter": Lie(
        "EHLO lists ENHANCEDSTATUSCODES with a word",
        with_parameter("ENHANCEDSTATUSCODES", "2034"),
    ),
    "rset-without-code": Lie(
        "RSET is answered without a status code",
        replace(RULES, answers=answers_with(RESET=replace(ANSWERS[Occasion.RESET], enhanced=None))),
    ),
    "errors-without-codes": Lie(
        "5yz replies carry no status codes", replace(RULES, write_reply=_codes_of_errors_left_out)
    ),
    "enhanced-go-ahead": Lie(
        "354 carries a status code",
        replace(
            RULES,
            answers=answers_with(GO_AHEAD=Answer(354, None, "2.0.0 Go ahead")),
        ),
    ),
    "enhanced-greeting": Lie(
        "the greeting carries a status code",
        replace(RULES, answers=answers_with(GREETING=Answer(220, None, "2.0.0 {domain} ESMTP"))),
    ),
    "enhanced-after-ehlo-only": Lie(
        "who said HELO gets no status codes",
        replace(RULES, attaches_codes=lambda extended: extended),
    ),
    "second-line-without-code": Lie(
        "HELP is answered in two lines, and only the first has a status code",
        replace(RULES, write_reply=_second_line_without_code),
    ),
    "ok-to-everything": Lie(
        "MAIL and RCPT are answered alike",
        replace(
            RULES,
            answers=answers_with(
                SENDER_OK=Answer(250, "2.0.0", "Ok"), RECIPIENT_OK=Answer(250, "2.0.0", "Ok")
            ),
        ),
    ),
    "codes-of-our-own": Lie(
        "NOOP, RSET and a message are answered with status codes that nobody has registered",
        replace(
            RULES,
            answers=answers_with(
                **{
                    name: replace(ANSWERS[Occasion[name]], enhanced="2.9.1")
                    for name in ("NOTHING", "RESET", "ACCEPTED")
                }
            ),
        ),
    ),
    "codes-of-other-replies": Lie(
        "syntax errors carry status codes about mailboxes",
        replace(
            RULES,
            answers=answers_with(
                **{
                    name: replace(ANSWERS[Occasion[name]], enhanced="5.1.1")
                    for name in ("OUT_OF_ORDER", "UNKNOWN_COMMAND", "ARGUMENT_REFUSED")
                }
            ),
        ),
    ),
    "dsn-with-parameter": Lie("EHLO lists DSN with a word", with_parameter("DSN", "RET")),
    "dsn-case-sensitive": Lie(
        "the words of RET and NOTIFY are known in upper case alone",
        with_extension("DSN", **_refusing("[a-z]", "RET", "NOTIFY")),
    ),
    "no-xtext": Lie(
        "ENVID and ORCPT may hold no encoded characters",
        with_extension("DSN", **_refusing(r"\+", "ENVID", "ORCPT")),
    ),
    "dsn-unchecked": Lie(
        "the parameters of DSN may say anything", with_extension("DSN", **_anything())
    ),
    "envelope-with-id-refused": Lie(
        "ENVID of letters and digits is refused",
        with_extension("DSN", **_refusing(r"^\w+\d$", "ENVID")),
    ),
    "orcpt-ascii-alone": Lie(
        "ORCPT knows no type utf-8", with_extension("DSN", **_refusing("(?i)^utf-8;", "ORCPT"))
    ),
    "short-envid": Lie(
        "ENVID has 38 characters at most", with_extension("DSN", **_refusing(".{39}", "ENVID"))
    ),
    "dsn-line-not-longer": Lie(
        "RCPT may be no longer than without DSN", with_extension("DSN", rcpt_growth=0)
    ),
}
