"""`limits:` and `timeouts:` in a configuration: how much is taken, how long is waited."""

from __future__ import annotations

from harness.documents import Fields
from harness.protocol.receiver import Limits
from reference_server.doors.limits import Allowance
from reference_server.server import Patience

_LONGEST_HOLD = 999_999_999  # that FUTURERELEASE can say: RFC 4865 3


def read_limits(fields: Fields | None) -> tuple[Limits, Allowance]:
    """What the protocol obeys, and what one client may have of us."""
    if fields is None:
        return Limits(), Allowance()
    with fields:
        return _limits(fields, Limits()), _allowance(fields, Allowance())


def _limits(fields: Fields, standard: Limits) -> Limits:
    # RFC 5321 4.5.3.1 gives floors; who goes below them wants to see what clients make of it.
    return Limits(
        command_line=_octets(fields, "command_line", standard.command_line),
        response_line=_octets(fields, "response_line", standard.response_line),
        text_line=_octets(fields, "text_line", 0) or None,
        message=_octets(fields, "message", standard.message),
        chunk=_octets(fields, "chunk", standard.chunk),
        recipients=_count(fields, "recipients", standard.recipients),
        mails=fields.number("mails", minimum=1),
        domains=fields.number("domains", minimum=1),
        hold=min(int(_seconds(fields, "hold", standard.hold)), _LONGEST_HOLD),
        deliver_by=int(fields.duration("deliver_by") or standard.deliver_by),
        junk=_count(fields, "junk", standard.junk),
        errors=_count(fields, "errors", standard.errors),
        log_ins=_count(fields, "log_ins", standard.log_ins),
    )


def _allowance(fields: Fields, standard: Allowance) -> Allowance:
    return Allowance(
        connections=_count(fields, "connections", standard.connections),
        connections_per_address=_count(fields, "connections_per_address", 0) or None,
        in_flight=_octets(fields, "in_flight", standard.in_flight),
        commands=_count(fields, "commands", standard.commands),
        octets=_octets(fields, "octets", standard.octets),
        seconds=_seconds(fields, "session", standard.seconds),
        rate=_octets(fields, "rate", standard.rate, least=0),
        window=_seconds(fields, "window", standard.window),
    )


def read_patience(fields: Fields | None) -> Patience:
    """How long is waited for what."""
    standard = Patience()
    if fields is None:
        return standard
    with fields:
        return Patience(
            idle=_seconds(fields, "idle", standard.idle),
            mailbox=_seconds(fields, "mailbox", standard.mailbox),
            handshake=_seconds(fields, "handshake", standard.handshake),
            farewell=_seconds(fields, "farewell", standard.farewell),
            guess=_seconds(fields, "guess", standard.guess, may_be_none=True),
            stop=_seconds(fields, "stop", standard.stop),
        )


def _count(fields: Fields, key: str, default: int) -> int:
    return fields.number(key, default, minimum=1) or default


def _octets(fields: Fields, key: str, default: int, *, least: int = 1) -> int:
    octets = fields.size(key, default)
    if octets is None or (key in fields and octets < least):
        fields.complaints.add(fields.place(key), f"{key!r} must be at least {least}")
        return default
    return octets


def _seconds(fields: Fields, key: str, default: float, *, may_be_none: bool = False) -> float:
    seconds = fields.duration(key, default) or 0.0
    if not (seconds or may_be_none):
        fields.complaints.add(fields.place(key), f"{key!r} must be some time")
        return default
    return seconds
