"""A receiver and the expectation of its client, side by side: each input is held against both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from harness.protocol.order import IN_TRANSACTION, State
from harness.protocol.receiver import RULES, Event, Occasion, Receiver, Rules, Speech
from harness.protocol.receiver.events import Chunk, Mail, Message, Recipient, StartTls, Text
from harness.protocol.replies import Reply, reply
from harness.protocol.sasl import ScramKeys, derive_keys
from harness.protocol.services import Service
from tests.fuzz.commands import BY_POLICY
from tests.fuzz.expectation import Expectation, Mode, Terms
from tests.fuzz.memory import held
from tests.fuzz.replies import OutOfStep
from tests.protocol.accounts import Accounts

# Small, so that a talk of a few lines gets to each of them.
LIMITS = replace(RULES.limits, message=1_000, chunk=5_000, recipients=3, junk=40)
SMALL_RULES = replace(RULES, limits=LIMITS)

# What a policy may refuse, and how.
REFUSABLE = (Mail, Recipient, Text, Chunk, Message)
REFUSALS = tuple(
    reply(code, f"Refused {BY_POLICY}", enhanced=f"{code // 100}.7.1") for code in (450, 550)
)
GOOD_NIGHT = reply(421, f"Good night {BY_POLICY}", enhanced="4.3.2")

_KEYS = derive_keys("secret", salt=b"salt", iterations=4_096)


@dataclass
class QuickAccounts(Accounts):
    """Accounts whose keys are derived once and not for each exchange."""

    def scram_keys(self, user: str) -> ScramKeys:
        return _KEYS


ACCOUNTS = QuickAccounts()
Policy = Callable[[Event], Reply | None]


def oblige(event: Event) -> Reply | None:
    """The policy that refuses nothing."""
    return None


@dataclass
class Conversation:
    """One connection to a receiver that is watched."""

    rules: Rules = SMALL_RULES
    policy: Policy = oblige
    has_tls: bool = True
    secure: bool = False
    said: list[bytes] = field(default_factory=list)  # segment by segment
    told: bytes = b""
    heaviest: int = 0  # of all that was weighed
    receiver: Receiver = field(init=False)
    expectation: Expectation = field(init=False)

    def __post_init__(self) -> None:
        limits = self.rules.limits
        self.receiver = Receiver(
            self.rules,
            speech=Speech(self.rules.answers, "example.test"),
            credentials=ACCOUNTS,
            has_tls=self.has_tls,
            secure=self.secure,
        )
        self.receiver.say(Occasion.GREETING)
        self.receiver.output()
        self.expectation = Expectation(
            terms=Terms(
                message=limits.message,
                chunk=limits.chunk,
                recipients=limits.recipients,
                errors=limits.errors,
                log_ins=limits.log_ins,
                idle=limits.junk,
                has_tls=self.has_tls,
                service=self.rules.service,
            ),
            secure=self.secure,
        )
        self._empty = held(self.receiver)

    @property
    def is_over(self) -> bool:
        """Whether the server has said its last word."""
        return self.expectation.mode is Mode.OVER

    def say(self, *segments: bytes) -> None:
        """The client writes these; raises OutOfStep if that is not answered as it should be."""
        for segment in segments:
            if self.is_over:
                return
            self.said.append(segment)
            contents = self._answer(segment)
            told = self.receiver.output()
            self.told += told
            self.expectation.settle(segment, told, contents)
            self._compare()

    def _answer(self, segment: bytes) -> list[bytes]:
        """Have the receiver answer; the contents that were taken."""
        contents: list[bytes] = []
        receiver = self.receiver
        receiver.feed(segment)
        while (event := receiver.next_event()) is not None:
            if isinstance(event, Message):
                if any(said.is_positive for said in self._answer_message(event)):
                    contents.append(event.content)
                continue
            said = receiver.answer(self._decide(event), id="1")
            if isinstance(event, StartTls) and said.is_positive:
                receiver.secured()
        return contents

    def _answer_message(self, event: Message) -> Sequence[Reply]:
        """In LMTP each recipient has an answer of its own (RFC 2033 4.2)."""
        if self.rules.service is not Service.LMTP:
            return [self.receiver.answer(self._decide(event), id="1")]
        decisions = [self._decide(event) for _ in event.envelope.recipients]
        replies = self.receiver.answer_each(decisions, id="1")
        return list(takewhile(lambda said: said.code != 421, replies))  # nobody hears the others

    def _decide(self, event: Event) -> Occasion | Reply:
        refusal = self.policy(event) if isinstance(event, REFUSABLE) else None
        return event.said if refusal is None else refusal

    def _compare(self) -> None:
        """Both must remember the same of the client."""
        memory, expected = self.receiver.memory, self.expectation
        if self.is_over is not self.receiver.closing:
            raise OutOfStep(f"the receiver {'stays' if self.is_over else 'has ended'}")
        if self.is_over:
            return
        ours = (expected.hello is not None, expected.user, expected.sender, expected.recipients)
        theirs = (
            *(memory.state is not State.FRESH, memory.user is not None),
            *(memory.state in IN_TRANSACTION, len(memory.recipients)),
        )
        if ours != theirs:
            raise OutOfStep(f"greeted, logged in, sender, recipients: {theirs}, not {ours}")

    def weigh(self) -> int:
        """Octets that the receiver holds because of what was said."""
        weight = held(self.receiver) - self._empty
        self.heaviest = max(self.heaviest, weight)
        return weight

    def most(self) -> int:
        """Octets that it may hold at the most: a text with doubled dots or a line, and paths."""
        limits = self.rules.limits
        text = limits.message * 4 // 3
        line = max(limits.response_line, limits.command_line + 2_000)
        path = limits.command_line + 2_000
        return max(text, line) + (limits.recipients + 1) * path + 8_192
