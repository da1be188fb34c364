"""Answers: what the receiving end says on which occasion, as a table that voices and lies replace.

A text may hold {domain}, {client}, {address}, {node}, {priority}, {size} and {id}.  Enhanced
codes stand apart from the texts: they are said on every occasion but in the greeting and to EHLO or
HELO (RFC 2034 4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum, auto
from string import Formatter

from harness.protocol.replies import Reply, reply


class Occasion(StrEnum):  # of str, because the hash of a plain Enum is slow
    """Whatever calls for a reply."""

    GREETING = auto()
    HELO = auto()
    EHLO = auto()
    SENDER_OK = auto()
    RECIPIENT_OK = auto()
    GO_AHEAD = auto()
    CHUNK_TAKEN = auto()
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
    PRIORITY_CHANGED = auto()
    QUEUE_STARTED = auto()
    NOTHING_QUEUED = auto()

    SHUTTING_DOWN = auto()
    IDLE = auto()
    TOO_MANY_CONNECTIONS = auto()
    TOO_MANY_ERRORS = auto()
    TOO_MANY_COMMANDS = auto()
    TOO_MANY_OCTETS = auto()
    TOO_SLOW = auto()
    SESSION_TOO_LONG = auto()
    NO_SPACE = auto()
    TOO_MANY_MAILS = auto()
    TOO_MANY_RECIPIENTS = auto()
    TOO_MANY_DOMAINS = auto()
    QUEUE_UNAVAILABLE = auto()
    NODE_REFUSED = auto()
    TLS_UNAVAILABLE = auto()
    LOG_IN_LATER = auto()

    UNKNOWN_COMMAND = auto()
    LINE_TOO_LONG = auto()
    BARE_LINE_END = auto()
    ARGUMENT_MISSING = auto()
    ARGUMENT_REFUSED = auto()
    BAD_ARGUMENT = auto()
    NO_NAME = auto()
    NO_NODE = auto()
    NO_CHUNK_SIZE = auto()
    BAD_CHUNK_MARK = auto()
    NOT_IMPLEMENTED = auto()
    OUT_OF_ORDER = auto()
    UNKNOWN_MECHANISM = auto()
    BAD_BASE64 = auto()
    CANCELLED = auto()
    INITIAL_REFUSED = auto()
    ALREADY = auto()
    WRONG_PASSWORD = auto()
    TLS_REQUIRED = auto()
    LOG_IN_REQUIRED = auto()
    ENCRYPTION_REQUIRED = auto()
    NO_MAIL_HERE = auto()
    NO_SUCH_USER = auto()
    NO_SUCH_LIST = auto()
    RELAY_DENIED = auto()
    NULL_MX = auto()
    NULL_MX_SENDER = auto()
    SENDER_UNQUALIFIED = auto()
    RECIPIENT_UNQUALIFIED = auto()
    SENDER_NOT_ASCII = auto()
    RECIPIENT_NOT_ASCII = auto()
    TOO_BIG = auto()
    CHUNK_TOO_LONG = auto()
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
    O.CHUNK_TAKEN: Answer(250, "2.0.0", "{size} octets received"),
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
    # RFC 6710 4.1: the text begins with the new priority.
    O.PRIORITY_CHANGED: Answer(250, "2.3.6", "{priority} is the priority that you get"),
    O.QUEUE_STARTED: Answer(250, "2.0.0", "OK, queuing for node {node} started"),
    O.NOTHING_QUEUED: Answer(251, "2.0.0", "OK, no messages waiting for node {node}"),
    O.SHUTTING_DOWN: Answer(421, "4.3.2", "{domain} shutting down", closes=True),
    O.IDLE: Answer(421, "4.4.2", "{domain} idle too long, closing connection", closes=True),
    O.TOO_MANY_CONNECTIONS: Answer(421, "4.7.0", "{domain} too many connections", closes=True),
    O.TOO_MANY_ERRORS: Answer(421, "4.7.0", "{domain} too many errors", closes=True),
    O.TOO_MANY_COMMANDS: Answer(421, "4.7.0", "{domain} too many commands", closes=True),
    O.TOO_MANY_OCTETS: Answer(421, "4.7.0", "{domain} too many octets", closes=True),
    O.TOO_SLOW: Answer(421, "4.4.2", "{domain} too slow, closing connection", closes=True),
    O.SESSION_TOO_LONG: Answer(421, "4.7.0", "{domain} this has lasted long enough", closes=True),
    O.NO_SPACE: Answer(452, "4.3.1", "Insufficient system storage"),
    O.TOO_MANY_MAILS: Answer(421, "4.7.0", "{domain} too many messages", closes=True),
    O.TOO_MANY_RECIPIENTS: Answer(452, "4.5.3", "Too many recipients"),
    O.TOO_MANY_DOMAINS: Answer(452, "4.5.3", "Too many domains of recipients"),
    O.QUEUE_UNAVAILABLE: Answer(458, "4.3.0", "Unable to queue messages for node {node}"),
    O.NODE_REFUSED: Answer(459, "4.7.1", "Node {node} not allowed"),
    O.TLS_UNAVAILABLE: Answer(454, "4.7.0", "TLS not available"),
    O.LOG_IN_LATER: Answer(454, "4.7.0", "Temporary authentication failure"),  # RFC 4954 6
    O.UNKNOWN_COMMAND: Answer(500, "5.5.1", "Command not recognized"),
    O.LINE_TOO_LONG: Answer(500, "5.5.6", "Line too long"),
    O.BARE_LINE_END: Answer(500, "5.5.2", "A bare CR or LF does not end a line"),
    O.ARGUMENT_MISSING: Answer(501, "5.5.4", "An argument is needed"),
    O.ARGUMENT_REFUSED: Answer(501, "5.5.4", "No argument allowed"),
    O.BAD_ARGUMENT: Answer(501, "5.5.2", "The argument holds an octet that it may not hold"),
    O.NO_NAME: Answer(501, "5.5.4", "A domain or address literal is needed"),
    O.NO_NODE: Answer(501, "5.5.4", "A domain, @domain or #queue is needed"),
    O.NO_CHUNK_SIZE: Answer(501, "5.5.4", "The number of octets is needed"),
    O.BAD_CHUNK_MARK: Answer(501, "5.5.4", "Behind the number of octets only LAST may stand"),
    O.NOT_IMPLEMENTED: Answer(502, "5.5.1", "Command not implemented"),
    O.OUT_OF_ORDER: Answer(503, "5.5.1", "Bad sequence of commands"),
    O.UNKNOWN_MECHANISM: Answer(504, "5.5.4", "Unrecognized authentication mechanism"),
    O.BAD_BASE64: Answer(501, "5.5.2", "Cannot decode base64"),
    O.CANCELLED: Answer(501, "5.7.0", "Authentication cancelled"),
    O.INITIAL_REFUSED: Answer(501, "5.7.0", "This mechanism begins with a challenge"),
    O.ALREADY: Answer(503, "5.5.1", "Already done"),
    O.WRONG_PASSWORD: Answer(535, "5.7.8", "Authentication credentials invalid"),
    O.TLS_REQUIRED: Answer(530, "5.7.0", "Must issue a STARTTLS command first"),
    O.LOG_IN_REQUIRED: Answer(530, "5.7.0", "Authentication required"),
    O.ENCRYPTION_REQUIRED: Answer(538, "5.7.11", "Encryption required to log in"),
    O.NO_MAIL_HERE: Answer(521, "5.3.2", "{domain} accepts no mail", closes=True),  # RFC 7504 3
    O.NO_SUCH_USER: Answer(550, "5.1.1", "No such user here"),
    O.NO_SUCH_LIST: Answer(550, "5.1.1", "No such mailing list here"),
    O.RELAY_DENIED: Answer(550, "5.7.1", "Relaying denied"),
    O.NULL_MX: Answer(556, "5.1.10", "Recipient's domain takes no mail: it has a null MX"),
    O.NULL_MX_SENDER: Answer(550, "5.7.27", "Sender's domain takes no mail: it has a null MX"),
    # RFC 6409 4.2
    O.SENDER_UNQUALIFIED: Answer(554, "5.1.8", "The sender's domain is not qualified"),
    O.RECIPIENT_UNQUALIFIED: Answer(554, "5.1.2", "The recipient's domain is not qualified"),
    # RFC 6531 3.5
    O.SENDER_NOT_ASCII: Answer(550, "5.6.7", "Beyond ASCII, the sender needs SMTPUTF8"),
    O.RECIPIENT_NOT_ASCII: Answer(553, "5.6.7", "Beyond ASCII, a recipient needs SMTPUTF8"),
    O.TOO_BIG: Answer(552, "5.3.4", "Message size exceeds fixed maximum message size"),
    # Nobody can say where the next command begins.
    O.CHUNK_TOO_LONG: Answer(552, "5.3.4", "{domain} chunk too long", closes=True),
    O.BAD_CONTENT: Answer(550, "5.6.0", "A bare CR or LF is no line end; message refused"),
    O.TEXT_LINE_TOO_LONG: Answer(500, "5.6.0", "Text line too long"),
}

# RFC 2034 4: the first reply of all, whatever it says, and those to EHLO and HELO.
_UNENHANCED = frozenset({O.GREETING, O.TOO_MANY_CONNECTIONS, O.NO_MAIL_HERE, O.HELO, O.EHLO})
_VISIBLE = str.maketrans({**dict.fromkeys(range(32), "?"), 127: "?"})


class Speech:
    """An answer table, ready to speak: what holds no fact of the session is formatted once."""

    def __init__(self, answers: Answers, domain: str) -> None:
        self._answers = answers
        self.domain = domain
        self._holes = {occasion: _holes(answer.text) for occasion, answer in answers.items()}
        self._plain, self._enhanced = (
            {
                occasion: self._make(occasion, enhanced, {}, ())
                for occasion in answers
                if not self._holes[occasion]
            }
            for enhanced in (False, True)
        )
        # The occasions with which the connection ends.
        self.closing = frozenset(o for o, answer in answers.items() if answer.closes)

    def fixed(self, occasion: Occasion, *, enhanced: bool) -> Reply | None:
        """The reply for an occasion whose text needs no facts; None if it needs some."""
        return (self._enhanced if enhanced else self._plain).get(occasion)

    def say(
        self,
        occasion: Occasion,
        *,
        enhanced: bool,
        facts: Mapping[str, str],
        more: Sequence[str] = (),
    ) -> Reply:
        """The reply for the occasion; facts fill the holes of its text, `more` are lines below."""
        return self._make(occasion, enhanced, facts, more)

    def _make(
        self, occasion: Occasion, enhanced: bool, facts: Mapping[str, str], more: Sequence[str]
    ) -> Reply:
        answer = self._answers[occasion]
        safe = {name: _visible(facts[name]) for name in self._holes[occasion]}
        text = answer.text.format(domain=self.domain, **safe)
        code = answer.enhanced if enhanced and occasion not in _UNENHANCED else None
        return reply(answer.code, text, *more, enhanced=code)


def _holes(text: str) -> tuple[str, ...]:
    """The names of the facts that a text wants, but for our own domain."""
    names = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    return tuple(name for name in names if name != "domain")


def _visible(fact: str) -> str:
    """What the client said may stand in our text; a control character may not.

    Nor may anything beyond ASCII (RFC 6531 3.7.4.2).
    """
    if fact.isascii() and fact.isprintable():
        return fact
    return fact.translate(_VISIBLE).encode("ascii", "replace").decode()


def reworded(answers: Answers, **texts: str) -> Answers:
    """The same answers in other words: `reworded(ANSWERS, GREETING="{domain}")`."""
    words = {Occasion[name]: text for name, text in texts.items()}
    return {
        occasion: replace(answer, text=words.get(occasion, answer.text))
        for occasion, answer in answers.items()
    }
