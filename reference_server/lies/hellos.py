"""Lies about EHLO and HELO, and about what may come without them (RFC 5321 4.1.1.1 and 4.1.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from harness.protocol.addresses import is_domain, is_domain_or_literal
from harness.protocol.order import IN_TRANSACTION, State, Verb
from harness.protocol.receiver import ANSWERS, RULES, Answer, Occasion, Rules
from harness.protocol.services import Service
from reference_server.lies.model import Lie, answers_with, order_with, without_announcing

_WITHOUT_EHLO: Final = {
    **RULES.words,
    Service.SUBMISSION: {
        word: verb
        for word, verb in RULES.words[Service.SUBMISSION].items()
        if verb is not Verb.EHLO
    },
}
_NAMELESS: Final = "*** pleased to meet you"
_OF_ANOTHER: Final = "www.example.com"  # what a look-up of the client's address does not give


def _called(is_name: Callable[[str], bool]) -> Rules:
    """The rules where a client may call itself something else."""
    return replace(RULES, is_client_name=is_name)


HELLOS: Final[Mapping[str, Lie]] = {
    "submission-without-ehlo": Lie(
        "submission knows no EHLO, HELO alone", replace(RULES, words=_WITHOUT_EHLO)
    ),
    "hello-without-domain": Lie(
        "EHLO and HELO are answered without a domain",
        replace(
            RULES,
            answers=answers_with(
                EHLO=Answer(250, None, _NAMELESS), HELO=Answer(250, None, _NAMELESS)
            ),
        ),
    ),
    "helo-keeps-transaction": Lie(
        "HELO leaves the transaction as it is",
        replace(RULES, order=order_with(*((s, Verb.HELO, s) for s in sorted(IN_TRANSACTION)))),
    ),
    "rset-forgets-hello": Lie(
        "RSET forgets the client's name",
        replace(
            RULES,
            order=order_with(
                *((s, Verb.RSET, State.FRESH) for s in (State.READY, *sorted(IN_TRANSACTION)))
            ),
        ),
    ),
    "refused-hello-resets": Lie(
        "EHLO that is refused forgets the transaction all the same",
        replace(RULES, after_refusal=dict.fromkeys((Verb.EHLO, Verb.HELO), State.READY)),
    ),
    "bad-name-closes": Lie(
        "EHLO with what is no name ends the connection",
        replace(
            RULES, answers=answers_with(NO_NAME=replace(ANSWERS[Occasion.NO_NAME], closes=True))
        ),
    ),
    "hello-without-name": Lie(
        "EHLO and HELO need no name", _called(lambda name: not name or is_domain_or_literal(name))
    ),
    "hello-without-literals": Lie("no address literal may stand behind EHLO", _called(is_domain)),
    "hello-looked-up": Lie(
        "EHLO is refused with a name that belongs to another address",
        _called(lambda name: name != _OF_ANOTHER and is_domain_or_literal(name)),
    ),
    "hello-not-needed": Lie(
        "MAIL needs no EHLO before it",
        replace(RULES, order=order_with((State.FRESH, Verb.MAIL, State.SENDER))),
    ),
    "hello-comes-first": Lie(
        "nothing but QUIT is taken before EHLO",
        replace(
            RULES,
            order=order_with(
                *(
                    (State.FRESH, verb, None)
                    for verb in (Verb.NOOP, Verb.RSET, Verb.HELP, Verb.VRFY, Verb.EXPN)
                )
            ),
        ),
    ),
    "help-not-announced": Lie("EHLO does not list HELP", without_announcing("HELP")),
    "etrn-not-announced": Lie(
        "ETRN is taken from anybody, and EHLO does not list it",
        replace(
            without_announcing("ETRN"),
            answers=answers_with(NODE_REFUSED=ANSWERS[Occasion.QUEUE_STARTED]),
        ),
    ),
}
