"""The server as a child with a process group of its own, to be killed as a whole."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.cli.children import environment

USERS = ("alice", "bob", "carol")
_PATIENCE = 30.0  # seconds until it must have said where it listens


class Child:
    """A server on a spool; `script` is another one than the one that we ship, `under` a tracer."""

    def __init__(
        self,
        spool: Path,
        *,
        script: Sequence[str] = ("-m", "reference_server"),
        under: Sequence[str] = (),
        port: int = 0,
        config: Path | None = None,
    ) -> None:
        where = ["--port", str(port), "--until-eof", "--spool", str(spool)]
        where += [] if config is None else ["--config", str(config)]
        users = [option for name in USERS for option in ("--user", name)]
        self._spool = spool
        self._complaints = spool.parent / "complaints"
        with self._complaints.open("ab") as complaints:
            self._process = subprocess.Popen(
                [*under, sys.executable, *script, *where, *users],
                stdin=subprocess.PIPE,  # so that it does not outlive us
                stdout=subprocess.PIPE,
                stderr=complaints,
                env=environment(),
                start_new_session=True,
            )
        self.port = self._where_it_listens()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def kill(self) -> None:
        """End it without a chance to put anything in order."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.stdin.close()
        self._wait()

    def stop(self) -> None:
        """Have it end in peace."""
        self._process.stdin.close()
        assert self._wait() == 0

    def await_end(self) -> None:
        """Wait until it has ended by itself, in whatever way."""
        self._wait()
        self._process.stdin.close()

    close = stop  # for contextlib.closing

    def _wait(self) -> int:
        self._process.stdout.close()
        return self._process.wait(_PATIENCE)

    def _where_it_listens(self) -> int:
        ready, _, _ = select.select([self._process.stdout], [], [], _PATIENCE)
        line = self._process.stdout.readline() if ready else b""
        if not line.startswith(b"listening on "):
            self.kill()
            raise AssertionError(f"it did not start: {self._complaints.read_text()}")
        return int(line.rsplit(b":", 1)[1])
