"""Where fetched messages are kept: a file each, on disk before the server hears of it."""

from __future__ import annotations

import hashlib
import itertools
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from harness.errors import UsageError
from harness.protocol.pop3.fetching import Waiting


class Folder:
    """A directory of messages, each in a file that its unique-id names."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise UsageError(f"{path} can be no directory: {problem.strerror}") from problem

    def find(self, waiting: Waiting) -> Path | None:
        """The file of a message that was fetched before; one of another size is another's."""
        if waiting.uid is None:
            return None
        for path in self._names(waiting.uid):
            if not path.exists():
                return None
            if path.stat().st_size == waiting.octets:
                return path
        return None

    def keep(self, waiting: Waiting, content: bytes) -> Path:
        """Put a message into a file of its own, or find it there; what else is there stays."""
        for path in self._names(waiting.uid or hashlib.sha256(content).hexdigest()):
            if not path.exists():
                self._write(path, content)
                return path
            if path.read_bytes() == content:
                return path
        raise AssertionError("numbers have no end")

    def _names(self, uid: str) -> Iterator[Path]:
        # What a server says must not lead out of the directory.
        name = quote(uid, safe="")
        yield self._path / f"{name}.eml"
        for number in itertools.count(2):
            yield self._path / f"{name}.{number}.eml"

    def _write(self, path: Path, content: bytes) -> None:
        draft = self._path / f".{secrets.token_hex(8)}"
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(path)
            self._sync()
        except OSError as problem:
            draft.unlink(missing_ok=True)
            raise UsageError(f"{path} cannot be written: {problem.strerror}") from problem

    def _sync(self) -> None:
        directory = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
