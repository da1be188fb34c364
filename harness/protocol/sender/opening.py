"""What opens a transaction: the envelope, and the commands that say it, alone or in groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from harness.errors import UsageError
from harness.protocol.commands import Parameters
from harness.protocol.sender.flow import Exchange, line

GROUP = (
    4_096  # octets of commands in one write: they and their replies fit any window (RFC 2920 3.1)
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends, the empty string for the null reverse-path, and who shall have it."""

    sender: str
    recipients: tuple[str, ...]
    mail_parameters: Parameters = ()
    rcpt_parameters: Mapping[str, Parameters] = field(default_factory=dict)  # by recipient


@dataclass(frozen=True, slots=True)
class Opening:
    """MAIL, RCPT and DATA for one envelope, made once for many messages."""

    recipients: tuple[str, ...]
    steps: tuple[Exchange, ...]  # one by one
    groups: tuple[Exchange, ...]  # the same, pipelined
    addressed: tuple[Exchange, ...]  # pipelined, without DATA: what BDAT begins with


@dataclass(slots=True, unsafe_hash=True)
class Outgoing:
    """One message ready to go: its text is stuffed and ends in the mark.

    Nobody changes one; why it is not frozen, `Exchange` says.
    """

    opening: Opening
    octets: bytes


def make_opening(envelope: Envelope) -> Opening:
    """The commands that open a transaction for the envelope."""
    named = address(envelope)
    steps = (*named, Exchange(("DATA",), b"DATA\r\n"))
    return Opening(envelope.recipients, steps, grouped(steps), grouped(named))


def address(envelope: Envelope) -> tuple[Exchange, ...]:
    """MAIL, and RCPT for each recipient."""
    if not envelope.recipients:
        raise UsageError("a message needs a recipient")
    return (
        _command("MAIL", "FROM", envelope.sender, envelope.mail_parameters),
        *(
            _command("RCPT", "TO", to, envelope.rcpt_parameters.get(to, ()))
            for to in envelope.recipients
        ),
    )


def grouped(steps: Iterable[Exchange]) -> tuple[Exchange, ...]:
    """The same commands in as few writes as may be."""
    return tuple(_grouped(steps))


def _grouped(steps: Iterable[Exchange]) -> Iterator[Exchange]:
    names: list[str] = []
    octets = b""
    for step in steps:
        if names and len(octets) + len(step.octets) > GROUP:
            yield Exchange(tuple(names), octets)
            names, octets = [], b""
        names.extend(step.names)
        octets += step.octets
    yield Exchange(tuple(names), octets)


def _command(verb: str, keyword: str, path: str, parameters: Parameters) -> Exchange:
    words = (name if value is None else f"{name}={value}" for name, value in parameters)
    return Exchange((verb,), line(" ".join([f"{verb} {keyword}:<{path}>", *words])))
