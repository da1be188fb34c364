"""From wishes and a target to a plan: what will be said, decided before anybody is connected to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from harness.cli.asking import reveal
from harness.cli.sending.content import make_content, make_words
from harness.cli.sending.conversation import Plan
from harness.cli.sending.lines import DROPPING, GROUPED, STOPPING, read_lines, read_stage
from harness.cli.sending.parameters import mail_parameters, rcpt_parameters
from harness.cli.sending.templates import Words
from harness.cli.sending.wishes import Wishes
from harness.client import Stage
from harness.errors import UsageError
from harness.protocol.sasl import Login
from harness.protocol.sender import Envelope
from harness.protocol.services import Service
from harness.target import Scheme, Target


def check(wishes: Wishes) -> None:
    """Refuse what is wrong whatever the target is: before a server of ours is started for it."""
    lines = read_lines(wishes.lines)
    _pipelining(wishes, GROUPED & {*lines, *_stages(wishes)})
    mail_parameters(wishes)


def make_plan(target: Target, wishes: Wishes) -> Plan:
    """The whole plan; raises UsageError over whatever cannot be done."""
    check_owner(target, wishes)
    envelope = Envelope(
        target.sender,
        target.recipients,
        mail_parameters(wishes),
        rcpt_parameters(wishes, target.recipients),
    )
    lines = read_lines(wishes.lines)
    stop, drop = _stages(wishes)
    return Plan(
        our_name=target.our_name,
        service=_service(target, wishes),
        extended=not wishes.helo_only,
        tls=_tls(target, wishes),
        login=_login(target, wishes),
        mechanism=wishes.mechanism,
        may_reveal=wishes.clear_auth or target.address.is_loopback,
        pipelining=_pipelining(wishes, GROUPED & {*lines, stop, drop}),
        chunk=wishes.bdat,
        raw=wishes.raw,
        envelope=envelope,
        contents=_contents(target, wishes, envelope),
        lines=lines,
        stop=stop,
        drop=drop,
    )


def check_owner(target: Target, wishes: Wishes) -> None:
    """Refuse what may not be done to a stranger's server, above all by accident."""
    if target.owns(target.address):
        return
    if wishes.count > 1:
        raise UsageError(f"-n is for servers of yours: --mine {target.address.host} says so")
    if wishes.raw:
        raise UsageError(f"--raw is for servers of yours: --mine {target.address.host} says so")
    if target.recipients == ("postmaster",) and not wishes.to:
        raise UsageError(f"who shall have it? --to MAILBOX ({target} is not on loopback)")


def _stages(wishes: Wishes) -> tuple[Stage | None, Stage | None]:
    stop = drop = None
    if wishes.stop_after is not None:
        stop = read_stage(wishes.stop_after, "--stop-after", STOPPING)
    if wishes.drop_after is not None:
        drop = read_stage(wishes.drop_after, "--drop-after", DROPPING)
    return stop, drop


def _pipelining(wishes: Wishes, met: frozenset[Stage | None]) -> str:
    if met and wishes.pipelining == "on":
        stages = ", ".join(sorted(stage for stage in met if stage))
        raise UsageError(f"--pipelining on: nothing can be said or stopped after {stages} then")
    return "off" if met else wishes.pipelining


def _service(target: Target, wishes: Wishes) -> Service:
    if wishes.lmtp or target.address.scheme is Scheme.LMTP:
        if wishes.helo_only:
            raise UsageError("--helo-only: LMTP has nothing but LHLO")
        return Service.LMTP
    return Service.SMTP


def _tls(target: Target, wishes: Wishes) -> str:
    if target.address.scheme.has_implicit_tls:
        if wishes.tls not in ("auto", "implicit"):
            raise UsageError(f"--tls {wishes.tls}: {target} speaks TLS from the first octet")
        return "implicit"
    if wishes.tls == "auto" and ("tls" in target.always or wishes.requiretls):
        return "starttls"
    return wishes.tls


def _login(target: Target, wishes: Wishes) -> Login | None:
    wanted = (
        wishes.login is not None
        or target.address.user is not None
        or "auth" in target.always
        or target.address.scheme in (Scheme.SUBMISSION, Scheme.SUBMISSIONS)
    )
    if not wanted or target.login is None:
        if wishes.mechanism is not None:
            raise UsageError("--mechanism: who logs in is missing (--login USER)")
        return None
    return reveal(target.login)


def _contents(target: Target, wishes: Wishes, envelope: Envelope) -> Iterator[tuple[Words, bytes]]:
    make = make_content(wishes, envelope)
    host = target.domain or target.our_name

    def contents() -> Iterator[tuple[Words, bytes]]:
        for number in range(1, wishes.count + 1):
            now = datetime.now().astimezone()
            words = make_words(envelope, target.our_name, host, number, now)
            yield words, make(words)

    return contents()
