"""Messages from files: one in a file, many in an mbox, all *.eml of a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from harness.errors import UsageError

MOST: Final = 67_108_864  # octets of all messages of one path: they are kept in memory
_FROM = re.compile(rb"^From .*\r\n", re.MULTILINE)
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_ENDS = re.compile(rb"\r\n|\r|\n")


def read_messages(path: Path) -> tuple[bytes, ...]:
    """The messages there, their line ends made CRLF; raises UsageError if there is none."""
    messages = tuple(message for file in _files(path) for message in _messages(file))
    if not messages:
        raise UsageError(f"{path}: there is no message in it")
    return messages


def _files(path: Path) -> tuple[Path, ...]:
    try:
        files = tuple(sorted(path.rglob("*.eml"))) if path.is_dir() else (path,)
        size = sum(file.stat().st_size for file in files)
    except OSError as problem:
        raise UsageError(f"{path}: {problem.strerror}") from None
    if not files:
        raise UsageError(f"{path}: there is no *.eml in this folder")
    if size > MOST:
        raise UsageError(
            f"{path}: messages of {size:,} octets; {MOST:,} at most are kept in memory"
        )
    return files


def _messages(file: Path) -> Iterator[bytes]:
    try:
        octets = _ENDS.sub(b"\r\n", file.read_bytes())
    except OSError as problem:
        raise UsageError(f"{file}: {problem.strerror}") from None
    if not octets.startswith(b"From "):
        yield from [octets] if octets.strip() else []
        return
    for part in _split(octets):
        # An mbox has quoted what looks like its mark (RFC 4155 leaves how open; mboxrd's way
        # loses nothing), and has put an empty line behind each message.
        if message := part.removesuffix(b"\r\n"):
            yield _QUOTED.sub(rb"\1", message)


def _split(octets: bytes) -> Iterator[bytes]:
    """What stands between the lines that begin with `From `, each behind an empty line."""
    marks = [
        mark
        for mark in _FROM.finditer(octets)
        if mark.start() == 0 or octets.endswith(b"\r\n\r\n", 0, mark.start())
    ]
    ends = [mark.start() for mark in marks[1:]] + [len(octets)]
    for mark, end in zip(marks, ends, strict=True):
        yield octets[mark.end() : end]
