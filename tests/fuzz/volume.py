"""Many conversations from seeds, fast: what hypothesis does with care, done a million times.

A seed makes a conversation: inputs drawn with regard to where the talk is, now and then without,
spoilt here and there, written one by one or many at once and cut anywhere.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from harness.protocol.receiver import Event, Rules, rules_for
from harness.protocol.replies import Reply
from harness.protocol.services import Service
from tests.fuzz import vocabulary
from tests.fuzz.conversation import GOOD_NIGHT, LIMITS, REFUSALS, SMALL_RULES, Conversation
from tests.fuzz.expectation import Expectation, Mode
from tests.fuzz.replies import OutOfStep

PATIENT = replace(SMALL_RULES, limits=replace(LIMITS, errors=1_000, log_ins=1_000, junk=1_000))
MOST_INPUTS = 60  # of one conversation


class Failed(AssertionError):
    """A conversation went wrong; says how to have it again."""


@dataclass
class Tally:
    """What was tried."""

    conversations: int = 0
    octets: int = 0
    heaviest: int = 0  # octets held by a receiver because of what was said
    met: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    @property
    def inputs(self) -> int:
        """Command lines, texts and responses that were answered."""
        return self.met.total()

    def add(self, talk: Conversation) -> None:
        """Count a conversation that has gone well."""
        self.conversations += 1
        self.octets += sum(map(len, talk.said))
        self.met.update(talk.expectation.met)
        self.heaviest = max(self.heaviest, talk.heaviest)

    def __str__(self) -> str:
        return (
            f"{self.inputs} inputs in {self.conversations} conversations, {self.octets} octets; "
            f"{len(self.met)} meetings of service, state and input; "
            f"no receiver ever held more than {self.heaviest} octets"
        )


def converse(seed: int, tally: Tally, rules: Rules | None = None) -> None:
    """One conversation, watched; raises Failed with its seed and what was said."""
    rng = random.Random(seed)
    # Patient rules let a talk get far, usual ones end it after twenty errors.
    drawn = PATIENT if rng.random() < 0.7 else SMALL_RULES
    service = rng.choice([Service.SMTP, Service.SMTP, Service.SUBMISSION, Service.LMTP])
    talk = Conversation(
        rules=rules or rules_for(service, drawn),
        policy=_policy(rng),
        has_tls=rng.random() < 0.8,
        secure=rng.random() < 0.5,
    )
    try:
        _converse(rng, talk)
    except Exception as problem:
        said = "\n".join(f"  {segment[:200]!r}" for segment in talk.said)
        raise Failed(f"seed {seed}: {type(problem).__name__}: {problem}\n{said}") from problem
    tally.add(talk)


def _converse(rng: random.Random, talk: Conversation) -> None:
    for segment in segments(rng, talk.expectation):
        talk.say(segment)
        if not talk.is_over and rng.random() < 0.05:
            _weigh(talk)


def segments(rng: random.Random, talk: Expectation) -> Iterator[bytes]:
    """What the client writes, one write after the other, with regard to where the talk is."""
    for _ in range(rng.randrange(1, MOST_INPUTS)):
        if talk.mode is Mode.OVER:
            return
        if rng.random() < 0.3:
            flight = b"".join(_input(rng, talk) for _ in range(rng.randrange(2, 12)))
        else:
            flight = _input(rng, talk)
        yield from _cut(rng, flight)


def _weigh(talk: Conversation) -> None:
    weight = talk.weigh()
    if weight > talk.most():
        raise OutOfStep(f"the receiver holds {weight} octets, and {talk.most()} would be enough")


def _policy(rng: random.Random) -> Callable[[Event], Reply | None]:
    odds = rng.choice([0.0, 0.05, 0.3])

    def decide(event: Event) -> Reply | None:
        if rng.random() >= odds:
            return None
        return GOOD_NIGHT if rng.random() < 0.05 else rng.choice(REFUSALS)

    return decide


# --- inputs ---------------------------------------------------------------------------------

# state -> what leads on from there
_ONWARD = {
    "FRESH": vocabulary.HELLOS,
    "READY": [*vocabulary.MAILS, *vocabulary.LOG_INS, b"STARTTLS"],
    "SENDER": vocabulary.RECIPIENTS,
    "RECIPIENTS": [b"DATA", b"DATA", b"DATA", *vocabulary.RECIPIENTS],
}


def _onward(expectation: Expectation) -> list[bytes] | None:
    if expectation.terms.service == "submission" and expectation.state == "READY":
        if not expectation.secure:
            return [b"STARTTLS"]
        if not expectation.user:
            return vocabulary.LOG_INS[:3]
    return _ONWARD.get(expectation.state)


_CHUNK_ODDS = {"RECIPIENTS": 0.25, "CHUNKS": 0.6}


def _input(rng: random.Random, talk: Expectation) -> bytes:
    """Something to say next, mostly with its end."""
    mode, chance = talk.mode, rng.random()
    if chance < 0.03:
        return _noise(rng)
    if mode is Mode.TEXT and chance < 0.9:
        return rng.choice(vocabulary.TEXTS)
    if mode is Mode.RESPONSE and chance < 0.9:
        return rng.choice(vocabulary.RESPONSES) + b"\r\n"
    if chance < _CHUNK_ODDS.get(talk.state, 0.05):
        return rng.choice(vocabulary.CHUNKS)
    onward = _onward(talk)
    line = rng.choice(onward if onward and chance < 0.75 else vocabulary.COMMANDS)
    return (_spoilt(rng, line) if chance > 0.93 else line) + b"\r\n"


def _noise(rng: random.Random) -> bytes:
    if rng.random() < 0.5:
        return rng.randbytes(rng.randrange(1, 300))
    return b"".join(rng.choices([*vocabulary.PIECES, *vocabulary.COMMANDS], k=rng.randrange(1, 20)))


def _spoilt(rng: random.Random, line: bytes) -> bytes:
    """The line with an octet or a piece put in, taken out or in the place of another."""
    at = rng.randrange(len(line) + 1)
    return line[:at] + rng.choice([*vocabulary.PIECES, b""]) + line[at + rng.randrange(2) :]


def _cut(rng: random.Random, octets: bytes) -> list[bytes]:
    """The octets in as many segments as the network likes."""
    how = rng.random()
    if how < 0.6 or len(octets) < 2:
        return [octets]
    if how < 0.65 and len(octets) < 400:
        return [octets[at : at + 1] for at in range(len(octets))]
    cuts = sorted({0, *(rng.randrange(len(octets)) for _ in range(rng.randrange(1, 6)))})
    return [octets[a:b] for a, b in zip(cuts, [*cuts[1:], len(octets)], strict=True)]
