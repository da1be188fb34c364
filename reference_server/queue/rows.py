"""Items as rows of SQLite, and back: every statement that touches the queue's file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from harness.protocol.commands import Parameters
from reference_server.queue.items import Change, Fate, Item, QueuedRecipient, Wishes

_ITEM: Final = "INSERT INTO item VALUES (?, ?, ?, ?, ?, ?)"
_RECIPIENT: Final = "INSERT INTO recipient VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_CHANGE: Final = """
    UPDATE recipient SET fate = ?, tries = ?, not_before = ?, told_of_delay = ?, last = ?
    WHERE item = ? AND address = ?"""
_ALL: Final = """
    SELECT id, reverse_path, item.parameters, arrived, size, address, recipient.parameters,
           fate, tries, not_before, told_of_delay, last
    FROM item JOIN recipient ON recipient.item = item.id {where}
    ORDER BY arrived, id, place"""
# What a wish to retry means: an item, a domain, or (both absent) all that waits.
_MEANT: Final = """
    FROM recipient, wish
    WHERE wish.what = 'retry' AND recipient.fate = 'waiting'
    AND coalesce(wish.item = recipient.item, TRUE)
    AND coalesce('@' || wish.domain = substr(recipient.address, -1 - length(wish.domain))
                 COLLATE NOCASE, TRUE)"""


def read_items(connection: sqlite3.Connection, id: str | None = None) -> list[Item]:
    """All items, the oldest first, or the one of that id."""
    where, values = ("WHERE id = ?", (id,)) if id is not None else ("", ())
    rows = connection.execute(_ALL.format(where=where), values)
    return [_item(list(of_one)) for _, of_one in groupby(rows, key=lambda row: row[0])]


def read_content(connection: sqlite3.Connection, id: str) -> bytes:
    """The content of an item; KeyError if there is none."""
    row = connection.execute("SELECT content FROM item WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise KeyError(id)
    return bytes(row[0])


def write(
    connection: sqlite3.Connection,
    new: Mapping[Item, bytes],
    changes: Iterable[Change],
    done: Collection[str],
) -> None:
    """New items, changed recipients, items to forget; the caller begins and commits."""
    connection.executemany(_ITEM, (_item_row(item, new[item]) for item in new))
    connection.executemany(_RECIPIENT, (row for item in new for row in _recipient_rows(item)))
    connection.executemany(_CHANGE, map(_change_row, changes))
    connection.executemany("DELETE FROM item WHERE id = ?", ((id,) for id in done))


def add_wish(
    connection: sqlite3.Connection,
    what: str,
    *,
    item: str | None = None,
    domain: str | None = None,
) -> None:
    """Note a wish to `retry` or to `drop`."""
    connection.execute(
        "INSERT INTO wish (what, item, domain) VALUES (?, ?, ?)", (what, item, domain)
    )


def has_wishes(connection: sqlite3.Connection) -> bool:
    """Whether there is any wish."""
    return connection.execute("SELECT 1 FROM wish LIMIT 1").fetchone() is not None


def grant_wishes(connection: sqlite3.Connection) -> Wishes:
    """Do what the wishes ask for and forget them; the caller begins and commits."""
    dropped = connection.execute("SELECT item FROM wish WHERE what = 'drop'").fetchall()
    connection.executemany("DELETE FROM item WHERE id = ?", dropped)
    due = connection.execute(f"SELECT DISTINCT recipient.item, recipient.address {_MEANT}")
    pairs = tuple((str(item), str(address)) for item, address in due)
    connection.executemany(
        "UPDATE recipient SET not_before = 0 WHERE item = ? AND address = ?", pairs
    )
    connection.execute("DELETE FROM wish")
    return Wishes(pairs, frozenset(id for (id,) in dropped))


# --- one row ------------------------------------------------------------------------------------


def _item_row(item: Item, content: bytes) -> Sequence[Any]:
    parameters = json.dumps(item.parameters)
    return (item.id, item.reverse_path, parameters, item.arrived, item.size, content)


def _recipient_rows(item: Item) -> Iterator[Sequence[Any]]:
    for place, one in enumerate(item.recipients):
        parameters = json.dumps(one.parameters)
        yield (item.id, one.address, place, parameters, *_progress(one))


def _change_row(change: Change) -> Sequence[Any]:
    return (*_progress(change.recipient), change.id, change.recipient.address)


def _progress(one: QueuedRecipient) -> Sequence[Any]:
    return (one.fate, one.tries, one.not_before, one.told_of_delay, one.last)


def _item(rows: Sequence[Sequence[Any]]) -> Item:
    id, reverse_path, parameters, arrived, size = rows[0][:5]
    return Item(
        id=id,
        reverse_path=reverse_path,
        parameters=_parameters(parameters),
        arrived=arrived,
        size=size,
        recipients=tuple(_recipient(*row[5:]) for row in rows),
    )


def _recipient(
    address: str,
    parameters: str,
    fate: str,
    tries: int,
    not_before: float,
    told_of_delay: int,
    last: str,
) -> QueuedRecipient:
    return QueuedRecipient(
        address=address,
        parameters=_parameters(parameters),
        fate=Fate(fate),
        tries=tries,
        not_before=not_before,
        told_of_delay=bool(told_of_delay),
        last=last,
    )


def _parameters(text: str) -> Parameters:
    return tuple((keyword, value) for keyword, value in json.loads(text))
