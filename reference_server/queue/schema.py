"""The queue's file: made, or opened and found to be sound and ours.

SQLite in WAL mode with synchronous=FULL: one commit is one sync of the log, whatever is in it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from harness.errors import UsageError
from reference_server.queue.refusals import why
from reference_server.storage.disk import DISK, UNSYNCED, Disk

_OURS: Final = 0x53_4D_54_50  # "SMTP": tells our files from other people's SQLite files
VERSION: Final = 1
_PATIENCE: Final = 10.0  # seconds to wait for another process that writes

# Content stands last, so that reading the rest of a row does not touch the pages it fills.
_TABLES: Final = """
PRAGMA auto_vacuum = INCREMENTAL;
BEGIN IMMEDIATE;
CREATE TABLE item (
    id TEXT PRIMARY KEY NOT NULL,
    reverse_path TEXT NOT NULL,
    parameters TEXT NOT NULL,
    arrived REAL NOT NULL,
    size INTEGER NOT NULL,
    content BLOB NOT NULL
);
CREATE TABLE recipient (
    item TEXT NOT NULL REFERENCES item (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    place INTEGER NOT NULL,
    parameters TEXT NOT NULL,
    fate TEXT NOT NULL,
    tries INTEGER NOT NULL,
    not_before REAL NOT NULL,
    told_of_delay INTEGER NOT NULL,
    last TEXT NOT NULL,
    PRIMARY KEY (item, address)
) WITHOUT ROWID;
CREATE TABLE wish (
    serial INTEGER PRIMARY KEY,
    what TEXT NOT NULL CHECK (what IN ('retry', 'drop')),
    item TEXT,
    domain TEXT,
    CHECK (what = 'retry' OR item IS NOT NULL)
);
PRAGMA application_id = {ours};
PRAGMA user_version = {version};
COMMIT;
"""


def open_file(path: Path, *, sync: bool = True) -> sqlite3.Connection:
    """The queue's file, made if it is not there; UsageError if it is damaged or not ours."""
    with _complaining(path):
        if not path.exists():
            _make(path, DISK if sync else UNSYNCED)
        return _open(path, "rw", _check_owner, _check_soundness, partial(_tune, sync=sync))


def open_beside(path: Path, *, writes: bool = False) -> sqlite3.Connection:
    """The queue's file as it is, beside whoever else has it open; UsageError if there is none."""
    if not path.exists():
        raise UsageError(f"there is no queue {path}")
    with _complaining(path):
        if writes:
            return _open(path, "rw", _check_owner, partial(_tune, sync=True))
        return _open(path, "ro", _check_owner)


@contextmanager
def _complaining(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as problem:
        raise UsageError(f"cannot use the queue {path}: {why(problem, path)}") from problem


def _open(
    path: Path, mode: str, *steps: Callable[[sqlite3.Connection], None]
) -> sqlite3.Connection:
    connection = _connect(f"{path.absolute().as_uri()}?mode={mode}")
    try:
        for step in steps:
            step(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(uri: str) -> sqlite3.Connection:
    # We begin and commit ourselves (no isolation level), from one thread at a time.
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, timeout=_PATIENCE, check_same_thread=False
    )
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _make(path: Path, disk: Disk) -> None:
    """A new queue, under its name only when it is whole."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # mail is private
    with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA synchronous = {'FULL' if disk.waits else 'OFF'}")
        connection.executescript(_TABLES.format(ours=_OURS, version=VERSION))
    os.rename(draft, path)
    disk.sync_directories([str(path.parent)])


def _check_soundness(connection: sqlite3.Connection) -> None:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(f"it is damaged ({verdict})")


def _check_owner(connection: sqlite3.Connection) -> None:
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if owner != _OURS:
        raise sqlite3.DatabaseError("it is an SQLite file, but no queue of smtp-harness")
    if version != VERSION:
        raise sqlite3.DatabaseError(f"it is of version {version}, and this program reads {VERSION}")


def _tune(connection: sqlite3.Connection, *, sync: bool) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if sync else 'OFF'}")
    connection.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone leaves it in the drive's cache
    connection.execute("PRAGMA checkpoint_fullfsync = ON")
    connection.execute("PRAGMA journal_size_limit = 16777216")
    connection.execute("PRAGMA incremental_vacuum")
