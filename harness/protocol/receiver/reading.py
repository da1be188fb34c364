"""One command line to the event that it is, by rules, memory and what is offered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from harness.protocol.addresses import is_domain_or_literal
from harness.protocol.commands import Objection, PathCommand, read_path_command, split_verb
from harness.protocol.extensions import Extension, declared_size
from harness.protocol.order import Verb, after
from harness.protocol.receiver.answers import Occasion
from harness.protocol.receiver.events import (
    Addressee,
    Auth,
    Event,
    Hello,
    Mail,
    Objected,
    Plain,
    Recipient,
    StartTls,
    Text,
    Verify,
)
from harness.protocol.receiver.rules import Rules
from harness.protocol.receiver.transaction import Memory
from harness.protocol.replies import reply

_VERBS: Final = {verb.value.encode(): verb for verb in Verb}


@dataclass(frozen=True, slots=True)
class Scene:
    """What a command meets."""

    rules: Rules
    memory: Memory
    offered: Mapping[str, Extension]  # to this client: nothing before EHLO
    secure: bool


def read_command(line: bytes, scene: Scene) -> tuple[Event | Auth, Verb | None]:
    """The event that a command line is; the verb where it is one that leads somewhere."""
    if b"\r" in line or b"\n" in line:
        return Objected(Occasion.BARE_LINE_END), None
    word, argument = split_verb(line)
    verb = _VERBS.get(scene.rules.fold_verb(word))
    if verb is None:
        return Objected(Occasion.UNKNOWN_COMMAND), None
    objection = _out_of_place(verb, argument, scene)
    if objection is not None:
        return Objected(objection), None
    return _READERS[verb](verb, argument, scene), verb


def _out_of_place(verb: Verb, argument: bytes, scene: Scene) -> Occasion | None:
    rules = scene.rules
    if verb is Verb.STARTTLS and scene.secure:
        return Occasion.ALREADY
    if verb not in rules.verbs or (verb in _EXTENSION_VERBS and verb.value not in scene.offered):
        return Occasion.NOT_IMPLEMENTED
    if after(scene.memory.state, verb, rules.order) is None:
        return Occasion.OUT_OF_ORDER
    if argument and verb in rules.without_argument:
        return Occasion.ARGUMENT_REFUSED
    return None


def _hello(verb: Verb, argument: bytes, scene: Scene) -> Event:
    # A name that does not resolve is welcome (RFC 5321 4.1.4), one that is no name is not.
    name = argument.decode("ascii", "replace")
    if not is_domain_or_literal(name):
        return _objected(Objection(501, "5.5.4", "A domain or address literal is needed"), scene)
    extended = verb is Verb.EHLO
    return Hello(name, extended, Occasion.EHLO if extended else Occasion.HELO)


def _mail(verb: Verb, argument: bytes, scene: Scene) -> Event:
    command = _path_command(argument, b"FROM", "mail", scene)
    if isinstance(command, Objection):
        return _objected(command, scene)
    path = scene.rules.read_reverse_path(command.path)
    if isinstance(path, Objection):
        return _objected(path, scene)
    size = declared_size(command.parameters)
    if scene.rules.exceeds(size, scene.rules.limits.message):
        return Objected(Occasion.TOO_BIG)
    return Mail(path, command.parameters)


def _recipient(verb: Verb, argument: bytes, scene: Scene) -> Event:
    command = _path_command(argument, b"TO", "rcpt", scene)
    if isinstance(command, Objection):
        return _objected(command, scene)
    path = scene.rules.read_forward_path(command.path)
    if isinstance(path, Objection):
        return _objected(path, scene)
    if len(scene.memory.recipients) >= scene.rules.limits.recipients:
        return Objected(Occasion.TOO_MANY_RECIPIENTS)
    return Recipient(Addressee(path, command.parameters))


def _path_command(
    argument: bytes, keyword: bytes, which: str, scene: Scene
) -> PathCommand | Objection:
    command = read_path_command(argument, keyword)
    if isinstance(command, Objection) or not command.parameters:
        return command
    objection = scene.rules.check_parameters(command.parameters, scene.offered, which)
    return objection or command


def _text(verb: Verb, argument: bytes, scene: Scene) -> Event:
    return Text(scene.memory.envelope)


def _starttls(verb: Verb, argument: bytes, scene: Scene) -> Event:
    return StartTls()


def _auth(verb: Verb, argument: bytes, scene: Scene) -> Event | Auth:
    if scene.memory.user is not None:
        return Objected(Occasion.ALREADY)
    mechanism, _, initial = argument.partition(b" ")
    if not mechanism:
        return Objected(Occasion.ARGUMENT_MISSING)
    return Auth(mechanism.decode("ascii", "replace").upper(), initial or None)


def _plain(verb: Verb, argument: bytes, scene: Scene) -> Event:
    return Plain(verb, _OBLIGING[verb])


def _verify(verb: Verb, argument: bytes, scene: Scene) -> Event:
    if not argument:
        return Objected(Occasion.ARGUMENT_MISSING)
    return Verify(verb, argument.decode("ascii", "replace"), _OBLIGING[verb])


def _objected(objection: Objection, scene: Scene) -> Objected:
    enhanced = objection.enhanced if scene.memory.extended else None
    return Objected(reply(objection.code, objection.text, enhanced=enhanced))


_EXTENSION_VERBS: Final = frozenset({Verb.STARTTLS, Verb.AUTH})

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
    Verb.MAIL: _mail,
    Verb.RCPT: _recipient,
    Verb.DATA: _text,
    Verb.STARTTLS: _starttls,
    Verb.AUTH: _auth,
    Verb.VRFY: _verify,
    Verb.EXPN: _verify,
    **dict.fromkeys((Verb.RSET, Verb.NOOP, Verb.QUIT, Verb.HELP), _plain),
}
