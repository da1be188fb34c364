"""The receiving end of one connection: octets in, events out, answers in, octets out.

It is driven: feed what arrived, take events until there is none, answer each, send the output.
The replies of one batch leave together, which is what PIPELINING asks for (RFC 2920 3.2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from harness.protocol.extensions import asks_for_utf8
from harness.protocol.order import State, Verb
from harness.protocol.receiver import authentication, data
from harness.protocol.receiver.answers import Occasion, Speech
from harness.protocol.receiver.chunks import Announced, ChunkReader
from harness.protocol.receiver.events import (
    Auth,
    Chunk,
    Event,
    Hello,
    LogIn,
    Mail,
    Message,
    Objected,
    Plain,
    Recipient,
    StartTls,
    Text,
    Unfit,
    Verify,
)
from harness.protocol.receiver.lines import TOO_LONG
from harness.protocol.receiver.naming import facts_of
from harness.protocol.receiver.reading import read_command
from harness.protocol.receiver.rules import RULES, Rules
from harness.protocol.receiver.surroundings import NO_BINDINGS, Surroundings
from harness.protocol.receiver.tally import COUNTED, Tally
from harness.protocol.receiver.transaction import Memory
from harness.protocol.replies import CHALLENGE, CLOSING, Reply, reply
from harness.protocol.sasl import Attempt, Credentials
from harness.protocol.sasl.sides import Bindings
from harness.protocol.trace import protocol_name
from harness.protocol.transparency import DataReader

# Looking a member up in its Enum takes as long as ten of these lines.
_MAIL: Final = Verb.MAIL
_READY: Final = State.READY
_EHLO: Final = Occasion.EHLO


class Receiver:
    """One connection, seen from the receiving end."""

    def __init__(
        self,
        rules: Rules = RULES,
        *,
        speech: Speech,
        credentials: Credentials | None = None,
        has_tls: bool = False,
        secure: bool = False,
        bindings: Bindings = NO_BINDINGS,
        now: Callable[[], float] | None = None,
    ) -> None:
        self.memory = Memory()
        self.closing = False  # the last reply ended the connection
        self._rules = rules
        self._answers_each = rules.service in rules.answers_each
        self._speech = speech
        self._surroundings = Surroundings(
            rules,
            credentials=credentials,
            has_tls=has_tls,
            secure=secure,
            bindings=bindings,
            now=now,
        )
        self._lines = rules.line_reader(rules.line_ends)
        self._reader: DataReader | ChunkReader | None = None  # while text arrives
        self._chunk: Announced | None = None  # and while it is the text of a chunk
        self._forgone: Occasion | None = None  # why what arrives is thrown away
        self._attempt: tuple[str, Attempt] | None = None  # while an AUTH exchange goes on
        self._event: Event | None = None
        self._leads_to = State.FRESH
        self._output: list[bytes] = []
        self._tally = Tally(rules.limits)
        self._scene = self._surroundings.scene(self.memory)

    @property
    def protocol(self) -> str:
        """The word after `with` in the trace line of what comes in now."""
        memory = self.memory
        return protocol_name(
            service=self._rules.service,
            extended=memory.extended,
            secure=self._surroundings.secure,
            authenticated=memory.user is not None,
            utf8=memory.utf8,
        )

    @property
    def is_midway(self) -> bool:
        """Whether a line or a text is under way, so that silence is slowness."""
        return self._reader is not None or self._lines.is_midway

    @property
    def is_in_text(self) -> bool:
        """Whether a text or a chunk is under way."""
        return self._reader is not None

    @property
    def is_at_rest(self) -> bool:
        """Whether a message may come next, and nothing else is under way."""
        return (
            self.memory.state is _READY
            and not self.is_midway
            and self._attempt is None
            and not self.closing
        )

    @property
    def held(self) -> int:
        """How many octets of a message are in memory until its end has come and is answered."""
        reader, event = self._reader, self._event
        held = len(self.memory.text) + (0 if reader is None else reader.held)
        return held + len(event.content) if isinstance(event, Message) else held

    def forgo(self, occasion: Occasion) -> None:
        """Keep nothing of the text that is under way, if one is; its end is answered like that."""
        if self._reader is not None:
            self._reader.discard()
            self.memory.text = bytearray()
            self._forgone = occasion

    def meet(self, message: Message) -> None:
        """This message has come while we were at rest, without our hearing of it: answer it."""
        assert self._event is None, "the last event has not been answered"
        self._event = message
        self._leads_to = self._rules.order[State.RECIPIENTS][Verb.DATA]

    def let_pass(self) -> None:
        """A message was taken while we were at rest, without our hearing of it."""
        self._tally.start_anew()

    # --- octets in, events out ----------------------------------------------------------------

    def feed(self, octets: bytes) -> None:
        """Take octets as they arrived, cut anywhere."""
        (self._lines if self._reader is None else self._reader).feed(octets)

    def next_event(self) -> Event | None:
        """What the client said next; None until more octets have come.  Answer it first."""
        assert self._event is None, "the last event has not been answered"
        if self.closing:
            return None
        if self._reader is not None:
            self._event = self._read_text(self._reader)
        else:
            self._event = self._read_line()
        return self._event

    def secured(self, bindings: Bindings = NO_BINDINGS) -> None:
        """The handshake is done: what came in the clear counts no more (RFC 3207 4.2)."""
        self._surroundings.secured(bindings)
        self._lines.feed(self._rules.left_after_tls(self._lines.clear()))
        self._scene = self._surroundings.scene(self.memory)

    # --- answers in, octets out ---------------------------------------------------------------

    def say(self, occasion: Occasion) -> None:
        """Say something that no command called for: the greeting, a farewell."""
        self._write(occasion, self._reply(occasion, None, ""))

    def answer(self, said: Occasion | Reply, *, id: str = "") -> Reply:
        """Answer the pending event with its own `said` or with another; gives the reply back.

        In LMTP what becomes of a text is said as often as it has recipients (RFC 2033 4.2).
        """
        event, self._event = self._event, None
        assert event is not None, "nothing waits for an answer"
        if isinstance(said, Reply):
            reply, occasion = said, None
        else:
            reply, occasion = self._reply(said, event, id), said
        if self._answers_each and _ends_text(event):
            self._write_each([(occasion, reply)] * len(self.memory.recipients))
        else:
            self._write(occasion, reply)
        self._conclude(event, reply)
        return reply

    def compose(self, code: int, enhanced: str, *lines: str) -> Reply:
        """A reply of a policy's own words, with its enhanced code where those are said."""
        return reply(code, *lines, enhanced=enhanced if self._scene.enhanced else None)

    def answer_each(self, said: Sequence[Occasion | Reply], *, id: str = "") -> Sequence[Reply]:
        """Answer the end of a text for each of its recipients, as they stand in the envelope."""
        event, self._event = self._event, None
        assert self._answers_each, "a text has many replies in LMTP alone"
        assert event is not None, "nothing waits for an answer"
        assert _ends_text(event), "only the end of a text has many replies"
        assert len(said) == len(self.memory.recipients), "each recipient has a reply of its own"
        replies = [one if isinstance(one, Reply) else self._reply(one, event, id) for one in said]
        occasions = [None if isinstance(one, Reply) else one for one in said]
        self._write_each(list(zip(occasions, replies, strict=True)))
        nobody = self._reply(Occasion.OUT_OF_ORDER, event, id)
        self._conclude(event, max(replies, key=lambda one: one.code, default=nobody))
        return replies

    def output(self) -> bytes:
        """What is to be sent now."""
        if self._rules.holds_back(self._lines.is_midway):
            return b""
        output, self._output = self._output, []
        return self._rules.arrange(output)

    def _write(self, occasion: Occasion | None, reply: Reply) -> None:
        self._output.append(self._spell(occasion, reply))
        if occasion is None:
            self.closing = self.closing or reply.code == CLOSING
        elif occasion in self._speech.closing:
            self.closing = True

    def _spell(self, occasion: Occasion | None, reply: Reply) -> bytes:
        """The octets of a reply."""
        return self._rules.write_reply(occasion, reply)

    def _write_each(self, replies: Sequence[tuple[Occasion | None, Reply]]) -> None:
        before, self._output = self._output, []
        for occasion, one in replies:
            if not self.closing:  # after 421 there is nothing to say
                self._write(occasion, one)
        self._output = [*before, *self._rules.reply_to_each(self._output, self.memory.recipients)]

    def _conclude(self, event: Event, reply: Reply) -> None:
        effect = _EFFECTS.get(type(event))
        if effect is not None and (reply.is_positive or isinstance(event, _OVER_ANYWAY)):
            effect(self, event, reply)
        if type(event) is Objected and event.verb in self._rules.after_refusal:
            self.memory.enter(self._rules.after_refusal[event.verb])
        if reply.code >= 400 or type(event) in COUNTED:
            too_much = self._tally.count(event, reply)
            if too_much is not None and not self.closing:
                self.say(too_much)

    # --- reading ---------------------------------------------------------------------------------

    def _read_line(self) -> Event | None:
        attempt = self._attempt
        limits = self._rules.limits
        offer = self._scene.offer
        line = self._lines.take(offer.longest_line if attempt is None else limits.response_line)
        if line is None:
            return None
        if line is TOO_LONG or (
            len(line) > offer.usual_line - 2 and attempt is None and offer.is_too_long(line)
        ):
            self._attempt = None
            return Objected(Occasion.LINE_TOO_LONG)
        if attempt is not None:
            return authentication.respond(*attempt, line)
        return self._read_command(line)

    def _read_command(self, line: bytes) -> Event | None:
        event, verb = read_command(line, self._scene)
        if verb is not None:
            self._leads_to = self._rules.order[self.memory.state][verb]
            self.memory.mails += verb is _MAIL
        if isinstance(event, Auth):
            return self._begin(event)
        return self._open_chunk(event) if isinstance(event, Announced) else event

    def _begin(self, auth: Auth) -> Event:
        if auth.mechanism not in self._scene.offer.facts.mechanisms:
            return Objected(Occasion.UNKNOWN_MECHANISM, Verb.AUTH)
        side = self._surroundings.side(self._speech.domain)
        self._attempt = auth.mechanism, self._rules.attempt(auth.mechanism, side)
        return authentication.begin(*self._attempt, auth.initial)

    def _read_text(self, reader: DataReader | ChunkReader) -> Event | None:
        content = reader.take()
        if content is None:
            return None
        self._reader = None
        self._lines.feed(reader.rest)
        forgone, self._forgone = self._forgone, None
        if isinstance(reader, ChunkReader):
            return self._end_chunk(content, forgone)
        if forgone is not None or reader.too_big:
            return Unfit(forgone or Occasion.TOO_BIG)
        return data.judge(self._rules, content, self.memory.envelope)

    def _open_chunk(self, chunk: Announced) -> Event | None:
        self._chunk = chunk
        self._reader = data.open_chunk(self._rules, self.memory, chunk)
        self._reader.feed(self._lines.clear())
        return self._read_text(self._reader)

    def _end_chunk(self, content: bytes, forgone: Occasion | None) -> Event:
        chunk, self._chunk = self._chunk, None
        assert chunk is not None, "a chunk that ends was announced"
        event, verb = data.close_chunk(self._rules, self.memory, chunk, content, forgone=forgone)
        if verb is not None:
            self._leads_to = self._rules.order[self.memory.state][verb]
        return event

    # --- what an answer does ---------------------------------------------------------------------

    def _after_hello(self, event: Hello, reply: Reply) -> None:
        self.memory.enter(self._leads_to)
        self.memory.client, self.memory.extended = event.client, event.extended
        self._scene = self._surroundings.scene(self.memory)

    def _after_mail(self, event: Mail, reply: Reply) -> None:
        self.memory.enter(self._leads_to)
        self.memory.reverse_path, self.memory.parameters = event.reverse_path, event.parameters
        self.memory.utf8 = asks_for_utf8(event.parameters)

    def _after_recipient(self, event: Recipient, reply: Reply) -> None:
        self.memory.enter(self._leads_to)
        self._rules.remember_recipient(self.memory.recipients, event.addressee)
        if self._rules.limits.domains is not None:
            self.memory.domains |= {event.addressee.path.mailbox.domain.lower()}

    def _after_text(self, event: Text, reply: Reply) -> None:
        self._reader = data.open_reader(self._rules, self.memory.parameters)
        self._reader.feed(self._lines.clear())

    def _after_chunk(self, event: Chunk, reply: Reply) -> None:
        order = self._rules.order[self.memory.state]
        self.memory.enter(self._leads_to if reply.is_positive else order[Verb.LAST])

    def _after_log_in(self, event: LogIn, reply: Reply) -> None:
        if reply.code == CHALLENGE:
            return
        self._attempt = None
        if reply.is_positive and event.said is Occasion.LOGGED_IN:
            self.memory.user = event.judge().user

    def _enter_next(self, event: Event, reply: Reply) -> None:
        self.memory.enter(self._leads_to)

    # --- words -----------------------------------------------------------------------------------

    def _reply(self, occasion: Occasion, event: Event | None, id: str) -> Reply:
        enhanced = self._scene.enhanced and not (
            # RFC 2034 4: replies to EHLO and HELO have no codes.
            type(event) is Hello or (type(event) is Objected and event.to_hello)
        )
        fixed = self._speech.fixed(occasion, enhanced=enhanced)
        if fixed is not None:
            return fixed
        more = self._surroundings.keywords() if occasion is _EHLO else ()
        facts = {"id": id, "client": self.memory.client, **facts_of(event)}
        return self._speech.say(occasion, enhanced=enhanced, facts=facts, more=more)


def _ends_text(event: Event) -> bool:
    return isinstance(event, Message) or (isinstance(event, Unfit) and event.at_its_end)


_OVER_ANYWAY: Final = (Chunk, Message, Unfit, LogIn)  # refused or not, the exchange has ended

_EFFECTS: Final[Mapping[type, Callable[[Receiver, Any, Reply], None]]] = {
    Hello: Receiver._after_hello,
    Mail: Receiver._after_mail,
    Recipient: Receiver._after_recipient,
    Text: Receiver._after_text,
    Chunk: Receiver._after_chunk,
    LogIn: Receiver._after_log_in,
    Message: Receiver._enter_next,
    Unfit: Receiver._enter_next,
    StartTls: Receiver._enter_next,
    Plain: Receiver._enter_next,
    Verify: Receiver._enter_next,
}
