"""The server's end of one connection: octets in, events out, octets out.

It answers by itself what needs nothing but memory; for the rest it gives an event and waits for
the answer.  Take events until there is none, and send the output after each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeVar

from harness.protocol.pop3.authorization import Authorization
from harness.protocol.pop3.commands import Command, Odd, read_command
from harness.protocol.pop3.events import Enter, Event, LogIn, Retrieve, StartTls, Update
from harness.protocol.pop3.maildrop import Entry, Maildrop, top_of
from harness.protocol.pop3.order import ORDER, State, Verb
from harness.protocol.pop3.saying import Voice
from harness.protocol.pop3.transaction import DOERS, counted
from harness.protocol.receiver.lines import TOO_LONG, LineReader
from harness.protocol.sasl import Ability, Challenge, Granted, Outcome, ServerSide
from harness.protocol.sasl.sides import Bindings
from harness.protocol.transparency import whole_lines

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is the most that we take."""

    command_line: int = 255  # octets with CRLF: RFC 2449 4
    response_line: int = 12_288  # of an AUTH exchange, as in SMTP
    commands: int = 1_000_000
    errors: int = 20  # refusals on one connection
    log_ins: int = 5  # that fail


class Refusal(Enum):
    """Why the driver could not do what an event wanted; the words begin with a response code."""

    IN_USE = "[IN-USE] somebody else has this mailbox open"  # RFC 2449 8.1.2
    NO_MAILBOX = "[SYS/TEMP] this mailbox cannot be opened now"  # RFC 3206 4
    GONE = "[SYS/TEMP] this message cannot be read now"
    LATER = "[SYS/TEMP] nobody can log in now"


class Session:
    """One connection, seen from the server's end."""

    def __init__(
        self,
        side: ServerSide,
        *,
        has_tls: bool = False,
        secure: bool = False,
        allows_login_in_clear: bool = False,
        limits: Limits | None = None,
        heard: Callable[[Verb | None], None] | None = None,
    ) -> None:
        self.state = State.AUTHORIZATION
        self.user: str | None = None
        self.failed_log_ins = 0
        self._limits = limits or Limits()
        self._heard = heard or _ignored  # is told of each command; None is none that we know
        self._lines = LineReader((b"\r\n",))
        self._voice = Voice()
        self._maildrop = Maildrop()
        self._authorization = Authorization(
            side=side, has_tls=has_tls, secure=secure, allows_clear=allows_login_in_clear
        )
        self._named = ""  # by USER
        self._granted: str | None = None  # who waits for the mailbox to be opened
        self._pending: Event | None = None
        self._leads_to = State.AUTHORIZATION  # the command that is being obeyed
        self._commands = 0

    @property
    def is_over(self) -> bool:
        """Whether the last response has been said."""
        return self.state is State.CLOSED

    @property
    def is_secure(self) -> bool:
        """Whether this goes on inside TLS."""
        return self._authorization.secure

    # --- octets in, events out ------------------------------------------------------------------

    def greet(self) -> None:
        """Say the greeting."""
        door = self._authorization
        self._voice.ok(f"{door.side.host} POP3 server ready{door.greeting()}")

    def feed(self, octets: bytes) -> None:
        """Take octets as they arrived, cut anywhere."""
        self._lines.feed(octets)

    def next_event(self) -> Event | None:
        """What is wanted next; None until more octets have come.  Answer it first."""
        assert self._pending is None, "the last event has not been answered"
        if self._granted is not None:
            self._pending, self._granted = Enter(self._granted), None
        while self._pending is None and not self.is_over:
            line = self._lines.take(self._line_limit)
            if line is None:
                return None
            self._pending = self._hear(line)
            if self._voice.errors >= self._limits.errors:
                self.state = State.CLOSED
        return self._pending

    def output(self) -> bytes:
        """What is to be sent now."""
        return self._voice.take()

    @property
    def _line_limit(self) -> int:
        answers = self._authorization.attempt is not None
        return self._limits.response_line if answers else self._limits.command_line

    def _hear(self, line: bytes) -> Event | None:
        attempt = self._authorization.attempt
        if line is TOO_LONG:
            self._heard(None)
            self._authorization.attempt = None
            self._voice.err("this line is too long")
            return None
        if attempt is not None:
            return self._authorization.respond(attempt, line, self._voice)
        self._commands += 1
        if self._commands > self._limits.commands:
            self._voice.err("too many commands")
            self.state = State.CLOSED
            return None
        return self._obey(line)

    def _obey(self, line: bytes) -> Event | None:
        state = self.state
        if state is State.NAMED:
            self.state = State.AUTHORIZATION  # RFC 1939 7: PASS comes behind USER at once
        try:
            command = read_command(line)
        except Odd as odd:
            self._heard(odd.verb)
            self._voice.err(str(odd))
            return None
        self._heard(command.verb)
        if command.verb not in ORDER[state]:
            self._voice.err(f"{command.verb} does not belong here")
            return None
        self._leads_to = ORDER[state][command.verb]
        return self._do(command)

    def _do(self, command: Command) -> Event | None:
        verb, arguments = command.verb, command.arguments
        if verb in DOERS:
            return DOERS[verb](self._maildrop, self._voice, *arguments)
        return _OTHERS[verb](self, *arguments)

    # --- commands that are no affair of the maildrop ---------------------------------------------

    def _user(self, name: str) -> None:
        if not self._authorization.lacks(Ability.PASSWORD, self._voice):
            self._named, self.state = name, self._leads_to
            self._voice.ok("now the password")  # whether there is such a user or not

    def _pass(self, password: str) -> Event:
        return self._authorization.by_password(self._named, password)

    def _apop(self, name: str, digest: str) -> Event | None:
        if self._authorization.lacks(Ability.SECRET, self._voice):
            return None
        return self._authorization.by_digest(name, digest)

    def _auth(self, mechanism: str, initial: str | None = None) -> Event | None:
        return self._authorization.begin(mechanism, initial, self._voice)

    def _stls(self) -> Event | None:
        if self.is_secure or not self._authorization.has_tls:
            self._voice.err("TLS is active already" if self.is_secure else "TLS is not available")
            return None
        self._voice.ok("begin TLS")
        return StartTls()

    def _capa(self) -> None:
        lines = ["TOP", "UIDL", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE", "EXPIRE NEVER"]
        lines.extend(self._authorization.capabilities())
        if self._authorization.has_tls and not self.is_secure and self.user is None:
            lines.append("STLS")  # RFC 2595 4: where it may be said
        self._voice.ok("capabilities follow")
        self._voice.lines(lines)

    def _quit(self) -> Event | None:
        self.state = self._leads_to
        if self.state is State.UPDATE:
            return Update(self._maildrop.marked)
        self._voice.ok("bye")
        return None

    # --- answers to events -----------------------------------------------------------------------

    def judged(self, outcome: Outcome) -> None:
        """What `LogIn.judge` said.  Who is let in gets an `Enter` next."""
        self._answer(LogIn)
        if isinstance(outcome, Challenge):
            self._voice.challenge(outcome.text)
            return
        self._authorization.attempt = None
        if isinstance(outcome, Granted):
            self._granted = outcome.user
            return
        # RFC 3206 5: [AUTH] says that it is the name or the password, and never which.
        self._voice.err("[AUTH] wrong name or password")
        self.failed_log_ins += 1
        if self.failed_log_ins >= self._limits.log_ins:
            self.state = State.CLOSED

    def entered(self, entries: Sequence[Entry]) -> None:
        """The mailbox is open and ours alone, and holds these."""
        self.user, self.state = self._answer(Enter).user, self._leads_to
        self._maildrop = Maildrop(entries)
        self._voice.ok(counted(self._maildrop))

    def told(self, content: bytes) -> None:
        """The content of the message that was asked for."""
        lines = self._answer(Retrieve).lines
        shown = whole_lines(content) if lines is None else top_of(content, lines)
        self._voice.ok(f"{len(shown)} octets")
        self._voice.content(shown)

    def refuse(self, why: Refusal) -> None:
        """A mailbox cannot be opened, a message not be read, or a log-in not be judged."""
        self._answer(Enter, Retrieve, LogIn)
        self._authorization.attempt = None
        self._voice.err(why.value)

    def updated(self, *, is_complete: bool) -> None:
        """What was marked has been deleted, or not all of it."""
        self._answer(Update)
        self.state = State.CLOSED
        if is_complete:
            self._voice.ok(f"bye, {len(self._maildrop)} messages left")
        else:
            self._voice.err("[SYS/TEMP] some deleted messages not removed")

    def secured(self, bindings: Bindings) -> None:
        """The handshake is done: what came in the clear counts no more (RFC 2595 4)."""
        self._answer(StartTls)
        self._lines.clear()
        self._authorization.secured(bindings)

    def _answer(self, *kinds: type[E]) -> E:
        event, self._pending = self._pending, None
        assert isinstance(event, kinds), "this does not answer the event that waits"
        return event


def _ignored(verb: Verb | None) -> None:
    pass


_OTHERS: Final[Mapping[Verb, Callable[..., Event | None]]] = {
    Verb.USER: Session._user,
    Verb.PASS: Session._pass,
    Verb.APOP: Session._apop,
    Verb.AUTH: Session._auth,
    Verb.STLS: Session._stls,
    Verb.CAPA: Session._capa,
    Verb.QUIT: Session._quit,
}
