"""Reports on disk: whole or not at all, and a wrong path is told before the run, not after it."""

from __future__ import annotations

import os
from pathlib import Path

from harness.errors import UsageError


def check_writable(path: Path) -> None:
    """Refuse a path that a report could not be written to."""
    place = path.resolve()
    if path.is_dir():
        raise UsageError(f"{path} is a directory; a report is a file")
    if not place.parent.is_dir():
        raise UsageError(f"{path} cannot be written: there is no directory {place.parent}")
    if is_replaceable(place):  # permissions, full disks, read-only mounts: trying tells them all
        _write_beside(place, path, b"").unlink()


def write_whole(path: Path, text: str) -> None:
    """Write a file that never exists in part: what was there stays until all of it is there."""
    octets = text.encode("utf-8", "backslashreplace")
    place = path.resolve()  # a symbolic link stays one
    if is_replaceable(place):
        _write_beside(place, path, octets).replace(place)
    else:
        _write(place, path, octets)


def is_replaceable(place: Path) -> bool:
    """Whether to rename over it: a pipe or /dev/stdout is written to."""
    return place.is_file() or not place.exists()


def _write_beside(place: Path, path: Path, octets: bytes) -> Path:
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        _write(beside, path, octets)
    except UsageError:
        beside.unlink(missing_ok=True)
        raise
    return beside


def _write(place: Path, named: Path, octets: bytes) -> None:
    try:
        place.write_bytes(octets)
    except OSError as error:
        raise UsageError(f"{named} cannot be written: {error.strerror}") from error
