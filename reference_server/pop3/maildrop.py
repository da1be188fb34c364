"""Maildrops: Maildirs as POP3 wants them, one visitor at a time.

What is in new/ and what is in cur/ are one mailbox.  Nothing is moved: whoever reads the Maildir
besides us finds it as it was, but for what was deleted.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from harness.protocol.pop3.maildrop import Entry
from harness.protocol.transparency import whole_lines
from reference_server.storage.disk import DISK, Disk
from reference_server.storage.mailboxes import OWNER

_PARTS: Final = ("new", "cur")
# RFC 1939 7: a unique-id is one to 70 of these.
_UID: Final = re.compile(r"[\x21-\x7e]{1,70}")


class InUse(Exception):
    """Somebody else has the mailbox open."""


class Maildrops:
    """The mailboxes of all users."""

    def __init__(self, directory: Path, *, disk: Disk = DISK) -> None:
        self._directory = directory
        self._disk = disk

    def open(self, user: str) -> Maildrop:
        """The mailbox of that user, locked; raises InUse or OSError."""
        if not user or user != os.path.basename(user) or user.startswith("."):
            raise FileNotFoundError(user)  # a name that leads out of the directory is nobody's
        path = self._directory / user
        for part in _PARTS:
            self._disk.make_directory(str(path / part))
        return Maildrop(path, self._disk)


class Maildrop:
    """One mailbox, ours alone until it is closed."""

    def __init__(self, path: Path, disk: Disk = DISK) -> None:
        self._path = path
        self._disk = disk
        self._lock = _locked(path)
        try:
            self._files = dict(self._listed())
            self.entries = tuple(self._entries())
        except OSError:
            self.close()
            raise

    def read(self, entry: Entry) -> bytes:
        """The message; raises OSError if it cannot be read any more."""
        return _on_the_wire(self._find(entry.uid).read_bytes())

    def delete(self, entries: Sequence[Entry]) -> bool:
        """Delete these; whether all of them are gone now."""
        problems = 0
        for entry in entries:
            try:
                self._find(entry.uid).unlink()
            except FileNotFoundError:
                continue  # somebody else was faster
            except OSError:
                problems += 1
        if entries:
            self._disk.sync_directories(str(self._path / part) for part in _PARTS)
        return not problems

    def close(self) -> None:
        """Let others in."""
        os.close(self._lock)

    def _entries(self) -> Iterator[Entry]:
        """In the order in which the messages came."""
        found: list[tuple[int, str, int]] = []
        for uid, path in self._files.items():
            with contextlib.suppress(FileNotFoundError):
                known = path.stat()
                found.append((known.st_mtime_ns, uid, _size(path, known.st_size)))
        for _, uid, octets in sorted(found):
            yield Entry(uid, octets)

    def _find(self, uid: str) -> Path:
        """Where the message is now: a mail reader may have moved it, or given it flags."""
        path = self._files[uid]
        if not path.exists():
            path = self._files[uid] = dict(self._listed()).get(uid, path)
        return path

    def _listed(self) -> Iterator[tuple[str, Path]]:
        for part in _PARTS:
            for entry in os.scandir(self._path / part):
                if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                    yield _uid(entry.name), Path(entry.path)


def _locked(path: Path) -> int:
    """The mailbox's directory, locked: the system lets go of it whatever becomes of us."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(directory)
        raise InUse from None
    return directory


def _uid(name: str) -> str:
    """The part of a file's name that stays (flags stand behind a colon), or a hash of that."""
    unique = name.partition(":")[0]
    if _UID.fullmatch(unique):
        return unique
    return hashlib.sha256(os.fsencode(unique)).hexdigest()


def _size(path: Path, octets: int) -> int:
    """The exact size (RFC 1939 5); what we have not written may have other line ends."""
    if path.name.endswith(OWNER):
        return octets
    return len(_on_the_wire(path.read_bytes()))


def _on_the_wire(octets: bytes) -> bytes:
    """A message with line ends as they are sent: other stores write LF for CRLF."""
    if b"\n" in octets and b"\r\n" not in octets:
        octets = octets.replace(b"\n", b"\r\n")
    return whole_lines(octets)
