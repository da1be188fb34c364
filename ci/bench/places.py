"""Places for mail while a bench runs: on a disk if it is to be synced, else in memory."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_ENOUGH_MEMORY: Final = 2 * 1024**3
_QUIET: Final = 40.0  # seconds after removals


@contextlib.contextmanager
def on_disk(home: Path) -> Iterator[Path]:
    """An empty directory on a disk, whose mail is removed at the end and only then: see _settle."""
    if home.exists():
        _settle(home)
        shutil.rmtree(home)
    home.mkdir(parents=True)
    try:
        yield home
    finally:
        shutil.rmtree(home)
        home.mkdir()


@contextlib.contextmanager
def in_memory(otherwise: Path) -> Iterator[Path]:
    """A directory in memory, if there is enough: mail that nobody syncs measures no disk there."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or shutil.disk_usage(memory).free < _ENOUGH_MEMORY:
        print(f"mail that is not synced goes to {otherwise} too: {memory} has not 2 GiB")
        yield otherwise
        return
    with tempfile.TemporaryDirectory(prefix="smtp-harness-bench-", dir=memory) as directory:
        yield Path(directory)


def _settle(home: Path) -> None:
    """Wait until the disk has got over the mail that the last run removed.

    For 35 seconds ext4 will not use the inode of a removed file again, and looks at each of them
    whenever a file is created: after 10,000 removals that is twenty times slower.
    """
    time.sleep(max(0.0, min(_QUIET, home.stat().st_mtime + _QUIET - time.time())))
