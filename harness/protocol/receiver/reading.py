"""One command line to the event that it is, by rules, memory and what is offered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from harness.protocol.commands import split_verb
from harness.protocol.order import State, Verb, after
from harness.protocol.receiver.answers import Occasion
from harness.protocol.receiver.chunks import Announced
from harness.protocol.receiver.envelopes import read_mail, read_recipient
from harness.protocol.receiver.events import (
    Auth,
    Etrn,
    Event,
    Hello,
    Objected,
    Plain,
    StartTls,
    Text,
    Verify,
)
from harness.protocol.receiver.scene import Scene

_BDAT: Final = Verb.BDAT
# verb -> the extension that it comes with, where that has another name
_EXTENSION: Final[Mapping[Verb, str]] = dict.fromkeys((Verb.BDAT, Verb.LAST), "CHUNKING")


def read_command(line: bytes, scene: Scene) -> tuple[Event | Auth | Announced, Verb | None]:
    """The event that a command line is; the verb where it is one that leads somewhere."""
    if b"\r" in line or b"\n" in line:
        return Objected(Occasion.BARE_LINE_END), None
    word, argument = split_verb(line)
    verb = scene.words.get(scene.rules.fold_verb(word))
    if verb is None:
        return Objected(Occasion.UNKNOWN_COMMAND), None
    if verb is _BDAT:
        return _chunk(argument, scene), None
    objection = _out_of_place(verb, argument, scene)
    if objection is not None:
        return Objected(objection, verb), None
    event = _READERS[verb](verb, argument, scene)
    return (Objected(event.said, verb) if type(event) is Objected else event), verb


def _out_of_place(verb: Verb, argument: bytes, scene: Scene) -> Occasion | None:
    rules = scene.rules
    if verb not in scene.offer.verbs:
        return _why_not(verb, scene)
    if verb in scene.guarded and (demand := _demand(verb, scene)) is not None:
        return demand
    if after(scene.memory.state, verb, rules.order) is None:
        return Occasion.OUT_OF_ORDER
    if argument and verb in rules.without_argument:
        return Occasion.ARGUMENT_REFUSED
    return None


def _why_not(verb: Verb, scene: Scene) -> Occasion:
    facts, memory = scene.offer.facts, scene.memory
    if verb is Verb.STARTTLS and facts.secure:
        return Occasion.ALREADY
    if _EXTENSION.get(verb, verb.value) not in scene.rules.extensions:
        return Occasion.NOT_IMPLEMENTED
    if memory.state is State.FRESH:
        return Occasion.OUT_OF_ORDER
    if verb is Verb.AUTH and memory.extended and facts.has_accounts and not facts.secure:
        return Occasion.ENCRYPTION_REQUIRED
    return Occasion.NOT_IMPLEMENTED


def _demand(verb: Verb, scene: Scene) -> Occasion | None:
    rules, facts = scene.rules, scene.offer.facts
    if not facts.secure and verb in rules.need_tls.get(rules.service, ()):
        return Occasion.TLS_REQUIRED
    if scene.memory.user is None and verb in rules.need_log_in.get(rules.service, ()):
        return Occasion.LOG_IN_REQUIRED
    return None


def _hello(verb: Verb, argument: bytes, scene: Scene) -> Event:
    # A name that does not resolve is welcome (RFC 5321 4.1.4), one that is no name is not.
    name = argument.decode("ascii", "replace")
    if not scene.rules.is_client_name(name):
        return Objected(Occasion.NO_NAME)
    extended = verb is not Verb.HELO
    return Hello(name, extended, Occasion.EHLO if extended else Occasion.HELO)


def _text(verb: Verb, argument: bytes, scene: Scene) -> Event:
    if scene.rules.needs_chunks(scene.memory.parameters):
        return Objected(Occasion.OUT_OF_ORDER)  # RFC 3030 3
    return Text(scene.memory.envelope)


def _chunk(argument: bytes, scene: Scene) -> Announced | Objected:
    command = scene.rules.read_chunk(argument)
    is_offered = _BDAT in scene.offer.verbs
    if isinstance(command, Occasion):
        return Objected(command if is_offered else _why_not(_BDAT, scene), _BDAT)
    if command.size > scene.rules.limits.chunk:
        return Objected(Occasion.CHUNK_TOO_LONG, Verb.BDAT)
    verb = Verb.LAST if command.last else Verb.BDAT
    objection = (command.objection if is_offered else None) or _out_of_place(verb, b"", scene)
    return Announced(command.size, verb, objection, is_offered)


def _starttls(verb: Verb, argument: bytes, scene: Scene) -> Event:
    return StartTls()


def _auth(verb: Verb, argument: bytes, scene: Scene) -> Event | Auth:
    if scene.memory.user is not None:
        return Objected(Occasion.ALREADY)
    mechanism, _, initial = argument.partition(b" ")
    if not mechanism:
        return Objected(Occasion.ARGUMENT_MISSING)
    name = scene.rules.fold_mechanism(mechanism.decode("ascii", "replace"))
    return Auth(name, initial or None)


def _plain(verb: Verb, argument: bytes, scene: Scene) -> Event:
    return Plain(verb, _OBLIGING[verb])


def _verify(verb: Verb, argument: bytes, scene: Scene) -> Event:
    if not argument:
        return Objected(Occasion.ARGUMENT_MISSING)
    who = scene.rules.read_who(argument, "SMTPUTF8" in scene.offer.extensions)
    if who is None:
        return Objected(Occasion.BAD_ARGUMENT)
    return Verify(verb, who.name, who.utf8, _OBLIGING[verb])


def _etrn(verb: Verb, argument: bytes, scene: Scene) -> Event:
    if not argument:
        return Objected(Occasion.ARGUMENT_MISSING)
    node = argument.decode("ascii", "replace")
    return Etrn(node) if scene.rules.is_node(node) else Objected(Occasion.NO_NODE)


_OBLIGING: Final = {
    Verb.RSET: Occasion.RESET,
    Verb.NOOP: Occasion.NOTHING,
    Verb.QUIT: Occasion.FAREWELL,
    Verb.HELP: Occasion.HELP,
    Verb.VRFY: Occasion.VERIFIED,
    Verb.EXPN: Occasion.NOT_TOLD,
}

_READERS: Final[Mapping[Verb, Callable[[Verb, bytes, Scene], Event | Auth]]] = {
    Verb.EHLO: _hello,
    Verb.HELO: _hello,
    Verb.LHLO: _hello,
    Verb.MAIL: read_mail,
    Verb.RCPT: read_recipient,
    Verb.DATA: _text,
    Verb.STARTTLS: _starttls,
    Verb.AUTH: _auth,
    Verb.ETRN: _etrn,
    Verb.VRFY: _verify,
    Verb.EXPN: _verify,
    **dict.fromkeys((Verb.RSET, Verb.NOOP, Verb.QUIT, Verb.HELP), _plain),
}
