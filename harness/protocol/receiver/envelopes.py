"""MAIL and RCPT: what they have to meet before policy is asked."""

from __future__ import annotations

from typing import Final

from harness.protocol.addresses import ForwardPath, ReversePath
from harness.protocol.commands import Objection, Parameters, PathCommand
from harness.protocol.extensions import asks_for_utf8, declared_size, object_to_mail
from harness.protocol.extensions.priority import read_priority
from harness.protocol.order import Verb
from harness.protocol.receiver.answers import Occasion
from harness.protocol.receiver.events import Addressee, Event, Mail, Objected, Recipient
from harness.protocol.receiver.scene import Scene

_PRIORITY: Final = "MT-PRIORITY"


def read_mail(verb: Verb, argument: bytes, scene: Scene) -> Event:
    """MAIL FROM:<reverse-path> with its parameters."""
    rules, most = scene.rules, scene.rules.limits.mails
    if most is not None and scene.memory.mails >= most:
        return Objected(Occasion.TOO_MANY_MAILS)
    command = _path_command(argument, b"FROM", "mail", scene)
    if isinstance(command, Objection):
        return scene.objected(command)
    parameters = command.parameters
    utf8 = bool(parameters) and asks_for_utf8(parameters)
    path = rules.read_reverse_path(command.path, utf8=utf8)
    if isinstance(path, Objection):
        beyond = not utf8 and _reads(rules.read_reverse_path(command.path, utf8=True), scene)
        return Objected(Occasion.SENDER_NOT_ASCII) if beyond else scene.objected(path)
    if scene.needs_qualified and path.mailbox and _is_unqualified(path.mailbox.domain):
        return Objected(Occasion.SENDER_UNQUALIFIED)
    return _mail(path, parameters, scene) if parameters else Mail(path, ())


def read_recipient(verb: Verb, argument: bytes, scene: Scene) -> Event:
    """RCPT TO:<forward-path> with its parameters."""
    rules, memory = scene.rules, scene.memory
    command = _path_command(argument, b"TO", "rcpt", scene)
    if isinstance(command, Objection):
        return scene.objected(command)
    path = rules.read_forward_path(command.path, utf8=memory.utf8)
    if isinstance(path, Objection):
        beyond = not memory.utf8 and _reads(rules.read_forward_path(command.path, utf8=True), scene)
        return Objected(Occasion.RECIPIENT_NOT_ASCII) if beyond else scene.objected(path)
    if scene.needs_qualified and _is_unqualified(path.mailbox.domain):
        return Objected(Occasion.RECIPIENT_UNQUALIFIED)
    if len(memory.recipients) >= rules.limits.recipients:
        return Objected(Occasion.TOO_MANY_RECIPIENTS)
    if rules.limits.domains is not None and _is_one_domain_too_many(
        path, rules.limits.domains, scene
    ):
        return Objected(Occasion.TOO_MANY_DOMAINS)
    objection = rules.object_to_recipient(memory.reverse_path, memory.recipients, path)
    if objection is not None:
        return Objected(objection)
    return Recipient(Addressee(path, command.parameters))


def _is_unqualified(domain: str) -> bool:
    """Whether a domain leaves it to us to guess the rest; <Postmaster> has none, and is ours."""
    return domain != "" and "." not in domain and not domain.startswith("[")


def _path_command(
    argument: bytes, keyword: bytes, which: str, scene: Scene
) -> PathCommand | Objection:
    offered = scene.offer.extensions
    command = scene.rules.read_path_command(argument, keyword, utf8="SMTPUTF8" in offered)
    if isinstance(command, Objection) or not command.parameters:
        return command
    objection = scene.rules.check_parameters(command.parameters, offered, which)
    return objection or command


def _reads(path: ReversePath | ForwardPath | Objection, scene: Scene) -> bool:
    """Whether a path is good but for being beyond ASCII, to who knows what that is."""
    return not isinstance(path, Objection) and "SMTPUTF8" in scene.offer.extensions


def _mail(path: ReversePath, parameters: Parameters, scene: Scene) -> Event:
    rules, offer = scene.rules, scene.offer
    objection = object_to_mail(parameters, offer.extensions, offer.facts)
    if objection is not None:
        return scene.objected(objection)
    if rules.exceeds(declared_size(parameters), rules.limits.message):
        return Objected(Occasion.TOO_BIG)
    asked = read_priority(dict(parameters).get(_PRIORITY))
    granted = None if asked is None else rules.grant_priority(asked, scene.memory.user is not None)
    if granted == asked:
        return Mail(path, parameters)
    others = tuple(pair for pair in parameters if pair[0] != _PRIORITY)
    return Mail(path, (*others, (_PRIORITY, str(granted))), Occasion.PRIORITY_CHANGED)


def _is_one_domain_too_many(path: ForwardPath, most: int, scene: Scene) -> bool:
    return len(scene.memory.domains | {path.mailbox.domain.lower()}) > most
