"""The queue from outside: seen and steered while a server may be running, or while none is.

Reading is plain reading beside the server.  A wish is a row that the server takes up when it looks;
where no server holds the spool it is granted at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from harness.errors import UsageError
from reference_server.queue import rows, schema
from reference_server.queue.items import Item
from reference_server.storage.spool import Spool, SpoolTaken, hold


def read(spool: Path) -> list[Item]:
    """Everything that waits, the oldest first."""
    with _reading(spool) as connection:
        return rows.read_items(connection)


def read_one(spool: Path, id: str) -> tuple[Item, bytes]:
    """One item with its content; KeyError if it is not there."""
    with _reading(spool) as connection:
        found = rows.read_items(connection, id)
        if not found:
            raise KeyError(id)
        return found[0], rows.read_content(connection, id)


def wish(
    spool: Path, what: str, *, items: Sequence[str | None] = (None,), domain: str | None = None
) -> bool:
    """Wish to `retry` or to `drop`; whether it has been granted at once."""
    path = Spool(spool).queue
    with _complaining(path), closing(schema.open_beside(path, writes=True)) as connection:
        try:
            with hold(spool):
                with _transaction(connection):
                    _add(connection, what, items, domain)
                    rows.grant_wishes(connection)
                return True
        except SpoolTaken:
            with _transaction(connection):
                _add(connection, what, items, domain)
            return False


def _add(
    connection: sqlite3.Connection, what: str, items: Sequence[str | None], domain: str | None
) -> None:
    for item in items:
        rows.add_wish(connection, what, item=item, domain=domain)


@contextmanager
def _reading(spool: Path) -> Iterator[sqlite3.Connection]:
    path = Spool(spool).queue
    with _complaining(path), closing(schema.open_beside(path)) as connection:
        connection.execute("BEGIN")  # one and the same state, whatever is written meanwhile
        yield connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    yield  # a connection that is closed without a commit has changed nothing
    connection.execute("COMMIT")


@contextmanager
def _complaining(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as problem:
        raise UsageError(f"the queue {path}: {problem}") from problem
