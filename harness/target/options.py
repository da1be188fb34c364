"""Options of the command line that stand in for a target file, or change what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.documents import read_duration
from harness.errors import UsageError
from harness.target.delivery import read_delivery
from harness.target.secret import read_login
from harness.target.target import Target, Timeouts, domain_of

_PATH = re.compile(r'[^\s<>\x00-\x1f\x7f"]+|"[^"\r\n]*"@[^\s<>]+')


def with_options(
    target: Target,
    *,
    to: Sequence[str] = (),
    sender: str | None = None,
    unknown: str | None = None,
    foreign: str | None = None,
    login: str | None = None,
    delivery: Sequence[str] = (),
    timeout: str | None = None,
    insecure: bool = False,
    mine: Sequence[str] = (),
) -> Target:
    """The target as these options change it; what is not given stays."""
    if to:
        recipients = tuple(read_mailbox(mailbox, "--to") for mailbox in to)
        domain = target.domain or domain_of(recipients)
        target = replace(target, recipients=recipients, domain=domain)
    if sender is not None:
        target = replace(target, sender=read_mailbox(sender, "--from", null=True))
    if unknown is not None:
        target = replace(target, unknown_recipient=read_mailbox(unknown, "--unknown"))
    if foreign is not None:
        target = replace(target, foreign_recipient=read_mailbox(foreign, "--foreign"))
    if login is not None:
        target = replace(target, login=read_login(login))
    if delivery:
        target = replace(target, delivery=dict(map(read_delivery, delivery)))
    if timeout is not None:
        target = replace(target, timeouts=_timeouts(timeout))
    if insecure:
        target = replace(target, tls=replace(target.tls, verify=False))
    words = _words(to, sender, unknown, foreign, login, delivery, timeout, insecure, mine)
    arguments = (*target.arguments, *words)
    return replace(target, mine=(*target.mine, *mine), arguments=arguments)


def read_mailbox(text: str, what: str, *, null: bool = False) -> str:
    """What stands between < and >, with or without them; raises UsageError if that cannot be."""
    path = text[1:-1] if text.startswith("<") and text.endswith(">") else text
    if (null and not path) or _PATH.fullmatch(path):
        return path
    raise UsageError(f"{what}: {text!r} is no mailbox")


def _timeouts(text: str) -> Timeouts:
    seconds = read_duration(text)
    if not seconds:
        raise UsageError(f"--timeout must be a duration such as 5s, 200ms or 2m, not {text!r}")
    return Timeouts(greeting=seconds, reply=seconds, delivery=seconds)


def _words(
    to: Sequence[str],
    sender: str | None,
    unknown: str | None,
    foreign: str | None,
    login: str | None,
    delivery: Sequence[str],
    timeout: str | None,
    insecure: bool,
    mine: Sequence[str],
) -> Iterator[str]:
    """The same options as words of a command line, so that a case can be replayed."""
    given = [
        *(("--to", it) for it in to),
        ("--from", sender),
        ("--unknown", unknown),
        ("--foreign", foreign),
        ("--login", login),
        *(("--delivery", it) for it in delivery),
        ("--timeout", timeout),
        *(("--mine", it) for it in mine),
    ]
    for option, value in given:
        if value is not None:
            yield from (option, value)
    if insecure:
        yield "--insecure"
