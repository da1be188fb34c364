"""Mailboxes: Maildirs under the spool; a message is on disk, synced, before its 250 is said.

Many messages are stored together, in steps that whoever stores them may put others between:
written to tmp/, synced, given their names in new/, those names synced.

A message that may come a second time, because nobody knows whether it came a first time, bears a
name that tells: it takes the place of itself in new/, and gives way to itself in cur/.  Only who
has taken it out of both meanwhile gets it again, which RFC 1047 has no remedy for either.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reference_server.storage.disk import DISK, Disk, Opened

_PARTS: Final = ("tmp", "new", "cur")
OWNER: Final = "_smtp-harness"  # how the names of all our files end
_MOST_OPEN: Final = 64  # drafts whose descriptors are kept until they are synced together


class Mailboxes:
    """The Maildirs of all users, one directory each."""

    def __init__(self, directory: Path, *, disk: Disk = DISK) -> None:
        self.directory = str(directory)
        self.disk = disk
        self._serial = itertools.count(1)
        self._owner = f"{os.getpid()}{OWNER}"

    def open(self, name: str) -> None:
        """Make the Maildir of that name if it is not there."""
        for part in _PARTS:
            self.disk.make_directory(f"{self.directory}/{name}/{part}")

    def clear(self) -> None:
        """Remove the drafts of a server that was killed.  Only while nobody else delivers."""
        for maildir in _directories(self.directory):
            for draft in _entries(f"{maildir}/tmp"):
                if draft.endswith(OWNER):
                    os.unlink(draft)

    def drafts(self) -> Drafts:
        """A new set of drafts."""
        return Drafts(self)

    def new_name(self) -> str:
        """A file name that nobody else gives: time, number, process and us."""
        return f"{time.time_ns()}.{next(self._serial)}_{self._owner}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message in the tmp/ of a Maildir."""

    maildir: str
    name: str
    may_be_there: bool = False  # already, under the same name

    @property
    def path(self) -> str:
        """Where it is while nobody may read it."""
        return f"{self.maildir}/tmp/{self.name}"

    @property
    def published(self) -> str:
        """Where it will be, in a place of the user's."""
        return f"{self.maildir}/new/{self.name}"

    @property
    def has_been_seen(self) -> bool:
        """Whether a user agent has it in cur/, where flags stand behind a colon."""
        seen = os.listdir(f"{self.maildir}/cur")
        return any(name.partition(":")[0] == self.name for name in seen)


class Drafts:
    """Messages on their way into mailboxes.  All methods raise OSError if the disk refuses."""

    def __init__(self, mailboxes: Mailboxes) -> None:
        self._mailboxes = mailboxes
        self._disk = mailboxes.disk
        self._open: list[Opened] = []  # written and not yet synced
        self._problem: OSError | None = None  # of a sync: whose draft it was is not known for sure
        self._named: dict[str, None] = {}  # directories with names that are not synced

    def write(self, copies: Mapping[str, bytes], identity: str | None = None) -> list[Draft]:
        """Write one message for each of these mailboxes; none of them stays if one fails.

        Of what has the same identity, a mailbox keeps one.
        """
        written: list[Draft] = []
        name = self._mailboxes.new_name() if identity is None else f"{identity}{OWNER}"
        try:
            for mailbox, octets in copies.items():
                maildir = f"{self._mailboxes.directory}/{mailbox}"
                draft = Draft(maildir=maildir, name=name, may_be_there=identity is not None)
                written.append(draft)
                self._write_into(mailbox, written[-1].path, octets)
        except OSError:
            discard(written)
            raise
        return written

    def sync(self) -> None:
        """Wait until all that was written is on disk."""
        self._sync_open()
        if self._problem is not None:
            raise self._problem

    def publish(self, drafts: Sequence[Draft]) -> None:
        """Give these drafts their names in new/; none of them has one if one fails."""
        try:
            for draft in drafts:
                self._disk.rename(draft.path, draft.published)
                self._named[f"{draft.maildir}/new"] = None
                # In this order: from new/ to cur/ is the only way that a message goes.
                if draft.may_be_there and draft.has_been_seen:
                    os.unlink(draft.published)
        except OSError:
            discard(drafts)
            raise

    def sync_names(self) -> None:
        """Wait until all names that were given are on disk."""
        self._disk.sync_directories(self._named)

    def _write_into(self, mailbox: str, path: str, octets: bytes) -> None:
        try:
            self._write(path, octets)
        except FileNotFoundError:  # a user who came while we run
            self._mailboxes.open(mailbox)
            self._write(path, octets)

    def _write(self, path: str, octets: bytes) -> None:
        if len(self._open) >= _MOST_OPEN:
            self._sync_open()
        file = self._disk.create(path)
        try:
            self._disk.write(file, path, octets)
        except OSError:
            os.close(file)
            raise
        self._disk.hasten(file)
        self._open.append((file, path))

    def _sync_open(self) -> None:
        try:
            self._disk.sync(self._open)
        except OSError as problem:
            self._problem = problem
        finally:
            for file, _ in self._open:
                os.close(file)
            self._open.clear()


def discard(drafts: Iterable[Draft]) -> None:
    """Remove these drafts, wherever they are by now."""
    for draft in drafts:
        for path in (draft.path, draft.published):
            with contextlib.suppress(OSError):  # it is in one place at most
                os.unlink(path)


def _directories(above: str) -> list[str]:
    return [path for path in _entries(above) if os.path.isdir(path)]


def _entries(directory: str) -> list[str]:
    try:
        return [entry.path for entry in os.scandir(directory)]
    except FileNotFoundError:
        return []
