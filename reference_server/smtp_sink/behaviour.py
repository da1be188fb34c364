"""What the letters mean: the rules that the sink obeys, the faults that it has, who is welcome."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from harness.protocol.order import ORDER, Order, State, Verb
from harness.protocol.receiver import (
    ANSWERS,
    RULES,
    Answer,
    Answers,
    Limits,
    Occasion,
    Rules,
    reworded,
)
from harness.protocol.receiver.rules import anything_goes
from harness.protocol.replies import Reply, reply
from harness.protocol.sasl.scram_keys import ScramKeys
from harness.protocol.sasl.sides import Ability
from reference_server.faults.model import Drop, Row, Stage, Table, Trick
from reference_server.intake.directory import Directory
from reference_server.intake.policy import House
from reference_server.smtp_sink.letters import COMMANDS, Letters
from reference_server.talks.sink import unstamped

EXTENSIONS: Final = frozenset({"PIPELINING", "8BITMIME", "AUTH", "ENHANCEDSTATUSCODES", "DSN"})
VERBS: Final = frozenset(
    {Verb.LHLO, Verb.EHLO, Verb.HELO, Verb.AUTH, Verb.MAIL, Verb.RCPT, Verb.DATA}
    | {Verb.RSET, Verb.NOOP, Verb.VRFY, Verb.QUIT}
)
_MANY: Final = 1_000_000_000  # who measures is not to be told that it is enough
LIMITS: Final = Limits(
    command_line=2_048,
    message=104_857_600,
    recipients=1_000_000,
    junk=_MANY,
    errors=_MANY,
    log_ins=_MANY,
)


# --- rules ---------------------------------------------------------------------------------------


def make_rules(letters: Letters) -> Rules:
    """Honest rules, but forbearing: a sink is there to measure clients, not to teach them."""
    offered = EXTENSIONS - letters.without
    return replace(
        RULES,
        order=_forbearing(ORDER),
        verbs=VERBS - ({Verb.EHLO} if letters.plain or letters.pix else frozenset()),
        without_argument=frozenset(),
        answers=_answers(letters),
        limits=LIMITS,
        extensions={name: row for name, row in RULES.extensions.items() if name in offered},
        check_parameters=lambda parameters, offered, which: None,
        pass_over=_nothing,
        object_to_content=anything_goes,
        stamp=unstamped,
        allows_auth_in_clear=True,
    )


def _nothing(size: int, is_offered: bool) -> int:
    """smtp-sink does not know BDAT, so it takes the octets of a chunk for lines."""
    return 0


def _forbearing(order: Order) -> Order:
    """MAIL may come without a greeting."""
    return {**order, State.FRESH: {**order[State.FRESH], Verb.MAIL: State.SENDER}}


def _answers(letters: Letters) -> Answers:
    greeting = "********" if letters.pix else "{domain}" if letters.plain else "{domain} ESMTP"
    answers = reworded(ANSWERS, GREETING=greeting, HELO="{domain}")
    return {
        **answers,
        Occasion.NOT_IMPLEMENTED: Answer(500, "5.5.1", "Command not recognized"),
        Occasion.VERIFIED: Answer(250, "2.0.0", "Whoever that is"),
    }


# --- faults --------------------------------------------------------------------------------------


def make_faults(letters: Letters) -> Table:
    """A row for each command that something happens to."""
    rows = [
        Row(name=name, stages=(stage,), trick=trick)
        for name, stage in COMMANDS.items()
        if stage is not None and (trick := _trick(name, letters)) != Trick()
    ]
    return Table((*rows, *_while_text_arrives(letters)))


def _trick(name: str, letters: Letters) -> Trick:
    """What happens to a command; of several letters that name it the hardest counts."""
    wait = letters.waits.get(name)
    trick = Trick() if wait is None else Trick(delay=wait.seconds, again=wait.again)
    if name in letters.drops:
        return replace(trick, drop=Drop.CLOSE)
    return replace(trick, reply=_refusal(name, letters))


def _refusal(name: str, letters: Letters) -> Reply | None:
    if name in letters.closes:
        return _made(421, "4.0.0", "Closed on purpose", letters)
    if name in letters.fails:
        return letters.hard or _made(500, "5.3.0", "Refused on purpose", letters)
    if name in letters.defers:
        return letters.soft or _made(450, "4.3.0", "Refused on purpose, for now", letters)
    return None


def _while_text_arrives(letters: Letters) -> tuple[Row, ...]:
    if letters.abort is not None:
        abort = _made(550, "5.3.0", "Broken off on purpose", letters)
        trick = Trick(delay=letters.abort, reply=abort, drop=Drop.CLOSE)
    elif letters.late:
        trick = Trick(delay=letters.late)
    else:
        return ()
    return (Row(name="text", stages=(Stage.TEXT,), trick=trick),)


def _made(code: int, enhanced: str, text: str, letters: Letters) -> Reply:
    says_codes = "ENHANCEDSTATUSCODES" not in letters.without
    return reply(code, text, enhanced=enhanced if says_codes else None)


# --- whom it takes -------------------------------------------------------------


class Anybody:
    """Accounts in which every user has every password."""

    abilities: Collection[Ability] = frozenset({Ability.PASSWORD})
    takes_time = False

    def knows_password(self, user: str, password: str) -> bool:
        """Whatever it is."""
        return True

    def scram_keys(self, user: str) -> ScramKeys:
        """There are none."""
        raise AssertionError("no mechanism is offered that asks for keys")

    def shared_secret(self, user: str) -> bytes:
        """There is none."""
        raise AssertionError("no mechanism is offered that asks for a secret")

    def owner_of(self, token: str) -> str | None:
        """There is none."""
        raise AssertionError("no mechanism is offered that asks for a token")


def make_house(letters: Letters) -> House:
    """The house of that name, where everybody is at home."""
    directory = Directory(domain=letters.name, has_user=lambda name: True, takes_all=True)
    accounts = None if "AUTH" in letters.without else Anybody()
    return House(directory=directory, accounts=accounts)
