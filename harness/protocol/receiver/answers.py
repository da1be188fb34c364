"""Answers: what the receiving end says on which occasion, as a table that voices and lies replace.

A text may hold {domain}, {client}, {address} and {id}.  Enhanced codes stand apart from the texts:
they are said only to who said EHLO, and never in the greeting or in the answer to EHLO or HELO
(RFC 2034 4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum, auto

from harness.protocol.replies import Reply, reply


class Occasion(StrEnum):  # of str, because the hash of a plain Enum is slow
    """Whatever calls for a reply."""

    GREETING = auto()
    HELO = auto()
    EHLO = auto()
    SENDER_OK = auto()
    RECIPIENT_OK = auto()
    GO_AHEAD = auto()
    ACCEPTED = auto()
    RESET = auto()
    NOTHING = auto()
    FAREWELL = auto()
    VERIFIED = auto()
    NOT_TOLD = auto()
    HELP = auto()
    TLS_GO_AHEAD = auto()
    CHALLENGE = auto()
    LOGGED_IN = auto()

    SHUTTING_DOWN = auto()
    IDLE = auto()
    TOO_MANY_CONNECTIONS = auto()
    TOO_MANY_ERRORS = auto()
    NO_SPACE = auto()
    TOO_MANY_RECIPIENTS = auto()
    TLS_UNAVAILABLE = auto()

    UNKNOWN_COMMAND = auto()
    LINE_TOO_LONG = auto()
    BARE_LINE_END = auto()
    ARGUMENT_MISSING = auto()
    ARGUMENT_REFUSED = auto()
    NOT_IMPLEMENTED = auto()
    OUT_OF_ORDER = auto()
    UNKNOWN_MECHANISM = auto()
    BAD_BASE64 = auto()
    CANCELLED = auto()
    INITIAL_REFUSED = auto()
    ALREADY = auto()
    WRONG_PASSWORD = auto()
    NO_SUCH_USER = auto()
    RELAY_DENIED = auto()
    TOO_BIG = auto()
    BAD_CONTENT = auto()
    TEXT_LINE_TOO_LONG = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """One row: code, enhanced code, text; whether the connection ends with it."""

    code: int
    enhanced: str | None
    text: str
    closes: bool = False


Answers = Mapping[Occasion, Answer]
O = Occasion  # noqa: E741 - a table of forty rows wants short names

ANSWERS: Answers = {
    O.GREETING: Answer(220, None, "{domain} ESMTP smtp-harness"),
    O.HELO: Answer(250, None, "{domain} greets {client}"),
    O.EHLO: Answer(250, None, "{domain} greets {client}"),
    O.SENDER_OK: Answer(250, "2.1.0", "Sender ok"),
    O.RECIPIENT_OK: Answer(250, "2.1.5", "Recipient ok"),
    O.GO_AHEAD: Answer(354, None, 'Enter mail, end with "." on a line by itself'),
    O.ACCEPTED: Answer(250, "2.0.0", "Message accepted for delivery as {id}"),
    O.RESET: Answer(250, "2.0.0", "Forgotten"),
    O.NOTHING: Answer(250, "2.0.0", "Nothing done"),
    O.FAREWELL: Answer(221, "2.0.0", "{domain} closing connection", closes=True),
    # RFC 5321 7.3: a site that does not tell says 252, not 550.
    O.VERIFIED: Answer(252, "2.5.2", "Cannot verify, but will take mail and try to deliver it"),
    O.NOT_TOLD: Answer(252, "2.5.2", "Who is on a mailing list is not told"),
    O.HELP: Answer(214, "2.0.0", "RFC 5321 tells all; postmaster@{domain} the rest"),
    O.TLS_GO_AHEAD: Answer(220, "2.0.0", "Ready to start TLS"),
    O.CHALLENGE: Answer(334, None, "{challenge}"),
    O.LOGGED_IN: Answer(235, "2.7.0", "Authentication succeeded"),
    O.SHUTTING_DOWN: Answer(421, "4.3.2", "{domain} shutting down", closes=True),
    O.IDLE: Answer(421, "4.4.2", "{domain} idle too long, closing connection", closes=True),
    O.TOO_MANY_CONNECTIONS: Answer(421, "4.7.0", "{domain} too many connections", closes=True),
    O.TOO_MANY_ERRORS: Answer(421, "4.7.0", "{domain} too many errors", closes=True),
    O.NO_SPACE: Answer(452, "4.3.1", "Insufficient system storage"),
    O.TOO_MANY_RECIPIENTS: Answer(452, "4.5.3", "Too many recipients"),
    O.TLS_UNAVAILABLE: Answer(454, "4.7.0", "TLS not available"),
    O.UNKNOWN_COMMAND: Answer(500, "5.5.1", "Command not recognized"),
    O.LINE_TOO_LONG: Answer(500, "5.5.6", "Line too long"),
    O.BARE_LINE_END: Answer(500, "5.5.2", "A bare CR or LF does not end a line"),
    O.ARGUMENT_MISSING: Answer(501, "5.5.4", "An argument is needed"),
    O.ARGUMENT_REFUSED: Answer(501, "5.5.4", "No argument allowed"),
    O.NOT_IMPLEMENTED: Answer(502, "5.5.1", "Command not implemented"),
    O.OUT_OF_ORDER: Answer(503, "5.5.1", "Bad sequence of commands"),
    O.UNKNOWN_MECHANISM: Answer(504, "5.5.4", "Unrecognized authentication mechanism"),
    O.BAD_BASE64: Answer(501, "5.5.2", "Cannot decode base64"),
    O.CANCELLED: Answer(501, "5.7.0", "Authentication cancelled"),
    O.INITIAL_REFUSED: Answer(501, "5.7.0", "This mechanism begins with a challenge"),
    O.ALREADY: Answer(503, "5.5.1", "Already done"),
    O.WRONG_PASSWORD: Answer(535, "5.7.8", "Authentication credentials invalid"),
    O.NO_SUCH_USER: Answer(550, "5.1.1", "No such user here"),
    O.RELAY_DENIED: Answer(550, "5.7.1", "Relaying denied"),
    O.TOO_BIG: Answer(552, "5.3.4", "Message size exceeds fixed maximum message size"),
    O.BAD_CONTENT: Answer(550, "5.6.0", "A bare CR or LF is no line end; message refused"),
    O.TEXT_LINE_TOO_LONG: Answer(500, "5.6.0", "Text line too long"),
}

_UNENHANCED = frozenset({O.GREETING, O.HELO, O.EHLO})
_VISIBLE = str.maketrans({**dict.fromkeys(range(32), "?"), 127: "?"})


class Speech:
    """An answer table, ready to speak: what holds no fact of the session is formatted once."""

    def __init__(self, answers: Answers, domain: str) -> None:
        self._answers = answers
        self.domain = domain
        self._plain, self._enhanced = (
            {
                occasion: self._make(occasion, extended, {}, ())
                for occasion, answer in answers.items()
                if "{" not in answer.text.replace("{domain}", "")
            }
            for extended in (False, True)
        )
        self._closing = frozenset(o for o, answer in answers.items() if answer.closes)

    def fixed(self, occasion: Occasion, *, extended: bool) -> Reply | None:
        """The reply for an occasion whose text needs no facts; None if it needs some."""
        return (self._enhanced if extended else self._plain).get(occasion)

    def say(
        self,
        occasion: Occasion,
        *,
        extended: bool,
        facts: Mapping[str, str],
        more: Sequence[str] = (),
    ) -> Reply:
        """The reply for the occasion; facts fill the holes of its text, `more` are lines below."""
        return self._make(occasion, extended, facts, more)

    def closes(self, occasion: Occasion) -> bool:
        """Whether the connection ends with this reply."""
        return occasion in self._closing

    def _make(
        self, occasion: Occasion, extended: bool, facts: Mapping[str, str], more: Sequence[str]
    ) -> Reply:
        answer = self._answers[occasion]
        # What the client said may stand in our text; a control character may not.
        safe = {name: fact.translate(_VISIBLE) for name, fact in facts.items()}
        text = answer.text.format(domain=self.domain, **safe)
        enhanced = answer.enhanced if extended and occasion not in _UNENHANCED else None
        return reply(answer.code, text, *more, enhanced=enhanced)


def reworded(answers: Answers, **texts: str) -> Answers:
    """The same answers in other words: `reworded(ANSWERS, GREETING="{domain}")`."""
    words = {Occasion[name]: text for name, text in texts.items()}
    return {
        occasion: replace(answer, text=words.get(occasion, answer.text))
        for occasion, answer in answers.items()
    }
