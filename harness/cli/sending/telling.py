"""What `send` tells: the dialogue while it goes on, then what came of it; or all of it as JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import click

from harness import __version__
from harness.cli.sending.conversation import Plan, Result
from harness.cli.sending.record import Record
from harness.cli.sending.wishes import Wishes
from harness.errors import PeerError, Refused, Untrusted
from harness.protocol.replies import Capabilities, Reply
from harness.reports.colour import painted, wants_colour
from harness.reports.dialogue import rows
from harness.reports.story import Line, Part
from harness.results import Exchange
from harness.target import Target
from harness.visible import harmless, visible

FORMAT = "smtp-harness-send/1"
_PARTS: Final = {"S": Part.SERVER, "*": Part.HAPPENED}


class Teller:
    """Tells of one session."""

    def __init__(self, wishes: Wishes, target: Target) -> None:
        self._wishes = wishes
        self._target = target
        self._colour = wants_colour(sys.stdout, wishes.color, os.environ)

    def exchange(self, exchange: Exchange) -> None:
        """Something was said, or has happened: it is shown at once."""
        if self._wishes.quiet or self._wishes.json:
            return
        for row in rows([exchange]):
            line = Line(row.text, _PARTS.get(row.who, Part.TEXT))
            click.echo(painted(line) if self._colour else row.text, color=self._colour)

    def end(self, plan: Plan, record: Record, exchanges: Sequence[Exchange]) -> None:
        """Tell what came of it."""
        if self._wishes.json:
            document = _document(self._target, record, exchanges)
            click.echo(json.dumps(document, default=visible, indent=1))
            return
        if not self._wishes.quiet:
            self._sum_up(record)
        for stage in record.missed(plan.lines):
            click.echo(f"the line after {stage} was not said: that stage never came", err=True)
        for problem in _problems(record):
            click.echo(harmless(problem), err=True)

    def _sum_up(self, record: Record) -> None:
        click.echo()
        if self._wishes.times:
            for label, seconds in record.steps:
                click.echo(f"{label:<16}{seconds:9.3f} s")
            click.echo()
        for result in record.results:
            for line in _outcome(result):
                click.echo(harmless(line))


def _outcome(result: Result) -> Iterator[str]:
    if result.handover is None:
        return
    said: dict[str, list[str]] = {}
    for to in result.handover.accepted:
        said.setdefault(str(result.handover.answer(to)), []).append(to)
    for reply, recipients in said.items():
        yield f"accepted for {', '.join(recipients)}: {reply}"


def _problems(record: Record) -> Iterator[str]:
    for result in record.results:
        if result.handover is not None:
            for to, reply in result.handover.refused.items():
                yield f"refused for {to}: {reply}"
        if result.error is not None and result.error is not record.error:
            yield f"not sent: {_words(result.error)}"
    if record.error is not None:
        yield f"not sent: {_words(record.error)}"
    elif len(record.results) > 1 and record.status:
        taken = sum(bool(it.handover and it.handover.accepted) for it in record.results)
        yield f"{taken} of {len(record.results)} messages were accepted"


def _words(error: PeerError) -> str:
    if isinstance(error, Refused):
        return f"{error.doing} was answered {error.reply}"
    hint = "; --ca FILE names one, --insecure takes any" if isinstance(error, Untrusted) else ""
    return f"{error}{hint}"


# --- as JSON -------------------------------------------------------------------------------------


def _document(target: Target, record: Record, exchanges: Sequence[Exchange]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "harness": __version__,
        "target": str(target),
        "exit_status": record.status,
        "error": None if record.error is None else _words(record.error),
        "offers": [_offer(is_secure, it) for is_secure, it in record.offers],
        "messages": list(map(_message, record.results)),
        "steps": [{"step": label, "seconds": round(took, 6)} for label, took in record.steps],
        "exchanges": [asdict(exchange) for exchange in exchanges],
    }


def _offer(is_secure: bool, capabilities: Capabilities) -> dict[str, Any]:
    return {
        "tls": is_secure,
        "domain": capabilities.domain,
        "keywords": {name: list(words) for name, words in capabilities.keywords.items()},
    }


def _message(result: Result) -> dict[str, Any]:
    handover = result.handover
    return {
        "number": result.number,
        "token": result.words["token"],
        "error": None if result.error is None else _words(result.error),
        "accepted": _replies({to: handover.answer(to) for to in handover.accepted})
        if handover
        else {},
        "refused": _replies(handover.refused) if handover else {},
    }


def _replies(replies: Mapping[str, Reply | None]) -> dict[str, Any]:
    return {to: None if it is None else _reply(it) for to, it in replies.items()}


def _reply(reply: Reply) -> dict[str, Any]:
    enhanced = reply.enhanced
    return {
        "code": reply.code,
        "enhanced": None if enhanced is None else str(enhanced),
        "lines": list(reply.lines),
    }
