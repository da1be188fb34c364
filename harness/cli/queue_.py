"""`smtp-harness queue`: mail that waits in a reference server's spool, seen and steered.

It works while the server runs: what is wished for then is done within a second or so.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from harness.documents import nearest
from harness.errors import UsageError
from harness.visible import harmless

if TYPE_CHECKING:
    from reference_server.queue import Item, QueuedRecipient

F = TypeVar("F", bound=Callable[..., Any])
WAITING: Final = "waiting"


@click.group("queue", short_help="See and steer the mail that waits.")
def queue_() -> None:
    """See what waits in the queue of a reference server, have it tried again, or drop it."""


def _spool(command: F) -> F:
    return click.option(
        "--spool", required=True, type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR", help="The spool of the server: `serve --spool DIR`.",
    )(command)  # fmt: skip


# --- seeing ---------------------------------------------------------------------------------------


@queue_.command("list", short_help="List what waits.")
@_spool
@click.option("--json", "as_json", is_flag=True, help="As a JSON array, with everything there is.")
def list_(spool: Path, as_json: bool) -> None:
    """List all messages, the oldest first: id, age, size, sender; then each recipient's fate."""
    from reference_server.queue import steering

    items = steering.read(spool)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(item) for item in items], indent=2))
        return
    for item in items:
        for line in _lines(item, time.time()):
            click.echo(harmless(line))
    count = sum(one.fate == WAITING for item in items for one in item.recipients)
    click.echo(f"{_count(len(items), 'message')}, {_count(count, 'recipient')} waiting")


@queue_.command(short_help="Show one message.")
@click.argument("id")
@_spool
@click.option("-v", "--verbose", is_flag=True, help="Its content too.")
def show(id: str, spool: Path, verbose: bool) -> None:
    """Show a message's envelope, the parameters it came with, and how far it has come."""
    from reference_server.queue import steering

    try:
        item, content = steering.read_one(spool, id)
    except KeyError:
        raise _unknown(id, [item.id for item in steering.read(spool)]) from None
    for line in _lines(item, time.time(), with_parameters=True):
        click.echo(harmless(line))
    if verbose:
        click.echo()
        click.echo(harmless(content.decode("utf-8", "surrogateescape").replace("\r\n", "\n")))


def _lines(item: Item, now: float, *, with_parameters: bool = False) -> Iterator[str]:
    parameters = _said(item.parameters) if with_parameters else ""
    age = duration(now - item.arrived)
    yield f"{item.id}  {age}  {size(item.size)}  <{item.reverse_path}>{parameters}"
    for one in item.recipients:
        parameters = _said(one.parameters) if with_parameters else ""
        yield f"    <{one.address}>{parameters}  {_fate(one, now)}"


def _fate(one: QueuedRecipient, now: float) -> str:
    words = [str(one.fate)]
    if one.fate == WAITING:
        wait = one.not_before - now
        words.append(f"next try in {duration(wait)}" if wait > 0 else "next try now")
    if one.tries:
        words.append("1 try" if one.tries == 1 else f"{one.tries} tries")
    if one.last:
        words.append(f"last: {one.last}")
    return ", ".join(words)


def _said(parameters: Collection[tuple[str, str | None]]) -> str:
    words = (keyword if value is None else f"{keyword}={value}" for keyword, value in parameters)
    return "".join(f" {word}" for word in words)


_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def duration(seconds: float) -> str:
    """So many seconds, in the largest unit and the one below it: `3d4h`."""
    left, words = int(max(0, seconds)), ""
    for length, unit in _UNITS:
        count, left = divmod(left, length)
        if words:
            return f"{words}{count}{unit}" if count else words
        if count:
            words = f"{count}{unit}"
    return words or "0s"


def size(octets: int) -> str:
    """So many octets: `9.8 KiB`."""
    return f"{octets} B" if octets < 1_024 else f"{octets / 1_024:.1f} KiB"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


# --- steering -------------------------------------------------------------------------------------


@queue_.command(short_help="Have mail tried again now.")
@click.argument("what", metavar="[ID|DOMAIN]", required=False)
@_spool
@click.option("--all", "everything", is_flag=True, help="All that waits.")
def retry(what: str | None, spool: Path, everything: bool) -> None:
    """Try a message again now, or what waits for a domain, or everything."""
    from reference_server.queue import steering

    if (what is None) is not everything:
        raise UsageError("retry what? an id, a domain, or --all")
    items = steering.read(spool)
    if what is None:
        is_done = steering.wish(spool, "retry")
    elif what in {item.id for item in items}:
        is_done = steering.wish(spool, "retry", items=[what])
    else:
        _check_domain(what, items)
        is_done = steering.wish(spool, "retry", domain=what)
    _tell(is_done, "due now")


@queue_.command(short_help="Drop mail, and tell nobody.")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@_spool
@click.option("--yes", is_flag=True, help="Do not ask.")
def drop(ids: Sequence[str], spool: Path, yes: bool) -> None:
    """Drop messages.  Neither their senders nor their recipients are told."""
    from reference_server.queue import steering

    items = {item.id: item for item in steering.read(spool)}
    for id in ids:
        if id not in items:
            raise _unknown(id, items)
        for line in _lines(items[id], time.time()):
            click.echo(harmless(line))
    if not yes:
        click.confirm(f"Drop {_count(len(ids), 'message')} for good?", abort=True)
    _tell(steering.wish(spool, "drop", items=ids), "dropped")


def _check_domain(what: str, items: Sequence[Item]) -> None:
    """Refuse what is neither an id nor a domain that mail waits for."""
    domains = {
        one.address.rpartition("@")[2].lower()
        for item in items
        for one in item.recipients
        if one.fate == WAITING
    }
    if what.lower() not in domains:
        raise _unknown(what, [*domains, *(item.id for item in items)], "id or domain")


def _unknown(what: str, known: Collection[str], kind: str = "id") -> UsageError:
    hint = nearest(what, known) or "`smtp-harness queue list` names all"
    return UsageError(f"nothing waits under the {kind} {what!r} ({hint})")


def _tell(is_done: bool, done: str) -> None:
    click.echo(done if is_done else f"{done} as soon as the running server looks: in a second")
