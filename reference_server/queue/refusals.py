"""Refusals: why a queue's file cannot be used, in words that help.

SQLite says "disk I/O error" of whatever the system refused, so the system is asked again.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final

_NEEDED: Final = 131_072  # octets, to make or to open a queue beside its log and its index of that
_OF_THE_DISK: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_OF_THE_FILE: Final = frozenset(
    {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR}
)


def why(problem: sqlite3.Error, path: Path) -> str:
    """What stands in the way of using that file."""
    code = getattr(problem, "sqlite_errorcode", None)  # our own findings have none
    if code is None:
        return str(problem)
    kind = code & 0xFF  # the rest tells which system call it was
    found = _full(path) if kind in _OF_THE_DISK else None
    if found is None and kind in _OF_THE_FILE:
        found = _unusable(path)
    if found is None and kind == sqlite3.SQLITE_IOERR:
        found = f"{problem} ({problem.sqlite_errorname})"
    return found or str(problem)


def _full(path: Path) -> str | None:
    try:
        disk = os.statvfs(path.parent)
    except OSError:
        return None
    return full(disk.f_bavail * disk.f_frsize)


def full(free: int) -> str | None:
    """What to say of a disk with so many octets free; nothing if that is enough."""
    if free >= _NEEDED:
        return None
    return f"the disk is full: {_NEEDED} octets are needed, {free} are free; make room first"


def _unusable(path: Path) -> str | None:
    """What the system says of the file, or of the directory where more files are to be made."""
    try:
        with path.open("r+b"):
            pass
    except FileNotFoundError:
        pass
    except OSError as refusal:
        return f"it cannot be written: {refusal.strerror}"
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return f"no files can be made beside it: {path.parent} may not be written"
    return None
