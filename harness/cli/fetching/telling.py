"""What `fetch` tells: messages or their list on standard output, all else on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click

from harness import __version__
from harness.cli.fetching.wishes import Wishes
from harness.protocol.pop3.fetching import Waiting
from harness.reports.dialogue import rows
from harness.results import Exchange
from harness.visible import harmless, visible

FORMAT: Final = "smtp-harness-fetch/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What became of one message."""

    waiting: Waiting
    content: bytes | None = field(default=None, repr=False)  # None: it was there already
    file: Path | None = None
    deleted: bool = False


class Teller:
    """Tells of one session."""

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes
        self._for_eyes = sys.stdout.isatty()

    def exchange(self, exchange: Exchange) -> None:
        """Something was said, or has happened: it is shown at once."""
        if self._wishes.verbose:
            for row in rows([exchange]):
                click.echo(row.text, err=True)

    def listed(self, mailbox: Sequence[Waiting]) -> None:
        """What waits in the mailbox."""
        if self._wishes.list_only and not self._wishes.json:
            for one in mailbox:
                click.echo(f"{one.number:>6} {one.octets:>10} {one.uid or ''}".rstrip())

    def fetched(self, message: Fetched) -> None:
        """A message is here."""
        if self._wishes.json or message.file is not None or message.content is None:
            return
        waiting = message.waiting
        click.echo(f"message {waiting.number}, {waiting.octets} octets", err=True)
        # A message may hold anything, and a terminal would obey some of that.
        shown = harmless(message.content.decode("utf-8", "backslashreplace").replace("\r\n", "\n"))
        click.echo(shown if self._for_eyes else message.content, nl=False)

    def end(
        self, mailbox: Sequence[Waiting], messages: Sequence[Fetched], status: int, error: str
    ) -> None:
        """Tell what came of it."""
        if self._wishes.json:
            document = _document(self._wishes.server, mailbox, messages, status, error)
            click.echo(json.dumps(document, indent=1))
        elif messages or not (error or self._wishes.list_only):
            click.echo(", ".join(_summary(messages)), err=True)
        if error:
            click.echo(f"error: {harmless(error)}", err=True)


def _summary(messages: Sequence[Fetched]) -> Iterator[str]:
    fresh = sum(message.content is not None for message in messages)
    yield f"{fresh} message{'s' * (fresh != 1)} fetched"
    if fresh < len(messages):
        yield f"{len(messages) - fresh} here already"
    if deleted := sum(message.deleted for message in messages):
        yield f"{deleted} deleted"


def _document(
    server: str,
    mailbox: Sequence[Waiting],
    messages: Sequence[Fetched],
    status: int,
    error: str,
) -> dict[str, Any]:
    fetched = {message.waiting.number: message for message in messages}
    return {
        "format": FORMAT,
        "harness": __version__,
        "server": server,
        "exit_status": status,
        "error": error or None,
        "messages": [_message(one, fetched.get(one.number)) for one in mailbox],
    }


def _message(waiting: Waiting, message: Fetched | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "number": waiting.number,
        "octets": waiting.octets,
        "uid": waiting.uid,
    }
    if message is not None:
        told["deleted"] = message.deleted
        told["file"] = None if message.file is None else str(message.file)
        if message.file is None and message.content is not None:
            told["content"] = visible(message.content)
    return told
