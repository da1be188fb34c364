"""Lies about replies: their form (RFC 5321 4.2) and which codes a command may get (4.3.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from harness.protocol.addresses import read_forward_path, read_reverse_path
from harness.protocol.commands import Objection, read_path_command
from harness.protocol.extensions import check_parameters
from harness.protocol.order import Verb
from harness.protocol.receiver import RULES, Answer, Occasion, Rules
from harness.protocol.replies import Reply
from harness.protocol.services import Service
from reference_server.lies.model import Lie, answers_with

P = TypeVar("P")


def _written(occasion: Occasion, octets: bytes) -> Rules:
    """The rules where one occasion has these octets for its reply."""

    def write(now: Occasion | None, reply: Reply) -> bytes:
        return octets if now is occasion else reply.octets

    return replace(RULES, write_reply=write)


def _answering(**changed: Answer) -> Rules:
    return replace(RULES, answers=answers_with(**changed))


def _as_554(read: Callable[..., P], *of: object) -> Callable[..., P]:
    """The reading whose objections are 554, where one of these is among what it is given."""

    def reading(*given: Any, **options: Any) -> P:
        found = read(*given, **options)
        is_about_it = not of or any(one in given for one in of)
        return replace(found, code=554) if is_about_it and isinstance(found, Objection) else found

    return reading


_MAIL_554: Final = replace(
    RULES,
    read_path_command=_as_554(read_path_command, b"FROM"),
    read_reverse_path=_as_554(read_reverse_path),
    check_parameters=_as_554(check_parameters, "mail"),
)
_RCPT_554: Final = replace(
    RULES,
    read_path_command=_as_554(read_path_command, b"TO"),
    read_forward_path=_as_554(read_forward_path),
    check_parameters=_as_554(check_parameters, "rcpt"),
)

# Commands that are nothing but another name of one that is there.
_RELICS: Final = {b"SEND": Verb.MAIL, b"SOML": Verb.MAIL, b"SAML": Verb.MAIL}

# What EHLO lists, and nobody can use.
_EMPTY_WORDS: Final = {Verb.EXPN, Verb.HELP, Verb.ETRN, Verb.BDAT, Verb.STARTTLS}


def _also(words: Mapping[bytes, Verb]) -> Rules:
    smtp = {**RULES.words[Service.SMTP], **words}
    return replace(RULES, words={**RULES.words, Service.SMTP: smtp})


REPLIES: Final[Mapping[str, Lie]] = {
    # --- form
    "help-beyond-ascii": Lie(
        "the answer to HELP is not in ASCII",
        _written(Occasion.HELP, "214 2.0.0 postmaster@example.test hilft, grüß ihn\r\n".encode()),
    ),
    "help-codes-differ": Lie(
        "the lines of the answer to HELP carry different codes",
        _written(Occasion.HELP, b"214-2.0.0 RFC 5321 tells all\r\n211 2.0.0 and this the rest\r\n"),
    ),
    "help-without-hyphen": Lie(
        "a blank stands where the first line of HELP says that it goes on",
        _written(
            Occasion.HELP, b"214 2.0.0 RFC 5321 tells all\r\n214 2.0.0 postmaster the rest\r\n"
        ),
    ),
    "help-too-long": Lie(
        "the answer to HELP is one line of 700 octets",
        _written(Occasion.HELP, b"214 2.0.0 " + b"x" * 688 + b"\r\n"),
    ),
    "noop-bare-code": Lie(
        "NOOP is answered by a code without a text", _written(Occasion.NOTHING, b"250\r\n")
    ),
    "help-600": Lie("HELP is answered 600", _written(Occasion.HELP, b"600 RFC 5321\r\n")),
    "hello-another-name": Lie(
        "EHLO and HELO are answered with another name than the greeting's",
        _answering(
            EHLO=Answer(250, None, "backend.invalid greets {client}"),
            HELO=Answer(250, None, "backend.invalid greets {client}"),
        ),
    ),
    # --- codes
    "hello-553": Lie(
        "EHLO and HELO with what is no name are answered 553",
        _answering(NO_NAME=Answer(553, None, "That is no name")),
    ),
    "mail-syntax-554": Lie("what is wrong with MAIL is 554", _MAIL_554),
    "rcpt-syntax-554": Lie("what is wrong with RCPT is 554", _RCPT_554),
    "too-big-523": Lie(
        "a declared size over the limit is answered 523",
        _answering(TOO_BIG=Answer(523, "5.3.4", "Message too big")),
    ),
    "relay-denied-571": Lie(
        "mail for elsewhere is refused by 571",
        _answering(RELAY_DENIED=Answer(571, "5.7.1", "Delivery not authorized, message refused")),
    ),
    "no-such-user-554": Lie(
        "a recipient whom nobody knows is refused by 554",
        _answering(NO_SUCH_USER=Answer(554, "5.1.1", "No such user here")),
    ),
    "out-of-order-505": Lie(
        "a command out of order is answered 505",
        _answering(OUT_OF_ORDER=Answer(505, "5.5.1", "Not now")),
    ),
    "argument-refused-502": Lie(
        "RSET, DATA and QUIT with an argument are not implemented",
        _answering(ARGUMENT_REFUSED=Answer(502, "5.5.1", "Not implemented")),
    ),
    "argument-missing-554": Lie(
        "a command without its argument is answered 554",
        _answering(ARGUMENT_MISSING=Answer(554, "5.5.4", "Who?")),
    ),
    "bad-content-556": Lie(
        "a message that is not taken for its content is answered 556",
        _answering(BAD_CONTENT=Answer(556, "5.6.0", "Bad content")),
    ),
    "vrfy-554": Lie(
        "VRFY is answered 554", _answering(VERIFIED=Answer(554, "5.7.1", "Not for you"))
    ),
    "expn-251": Lie(
        "EXPN is answered 251", _answering(NOT_TOLD=Answer(251, "2.1.5", "It is elsewhere"))
    ),
    "help-250": Lie("HELP is answered 250", _answering(HELP=Answer(250, "2.0.0", "RFC 5321"))),
    "unknown-command-502": Lie(
        "a command that nobody knows is not implemented",
        _answering(UNKNOWN_COMMAND=Answer(502, "5.5.1", "Command not implemented")),
    ),
    "unknown-command-550": Lie(
        "a command that nobody knows is refused by policy",
        _answering(UNKNOWN_COMMAND=Answer(550, "5.7.1", "Go away")),
    ),
    # --- commands that are listed and not there, or there and not listed
    "listed-and-not-there": Lie(
        "EHLO lists commands that are not implemented",
        replace(
            RULES,
            verbs=RULES.verbs - _EMPTY_WORDS,
            announce=lambda keywords: [*keywords, "EXPN", "HELP"],
        ),
    ),
    "auth-listed-and-not-there": Lie(
        "EHLO lists AUTH, which is not implemented", replace(RULES, verbs=RULES.verbs - {Verb.AUTH})
    ),
    "relics-not-announced": Lie(
        "SEND, SOML and SAML begin a transaction and are not announced", _also(_RELICS)
    ),
    "turn-for-anybody": Lie("TURN is taken from anybody", _also({b"TURN": Verb.NOOP})),
}
