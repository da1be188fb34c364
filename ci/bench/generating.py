"""Our load generator and others as loads: each on one processor, whatever else there is.

Ours is `locust -f loadtests/locustfile.py` as `smtp-harness load` starts it, with everything it
records switched on; its seconds are from its begin to the last answer, for Locust alone takes
longer to import than others to finish.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]  # it comes with Locust, without stubs
from loads import CONNECTIONS, LONGEST, OCTETS, Postfix, Sent

from harness.load_results import LoadResult, read

_ROOT: Final = Path(__file__).parents[2]
_LOCUSTFILE: Final = _ROOT / "loadtests" / "locustfile.py"
_SMTPLIB: Final = Path(__file__).parent / "smtplib_in_locust.py"
ALL: Final = frozenset(os.sched_getaffinity(0))  # asked before anybody here is pinned
FIRST: Final = frozenset({min(ALL)})  # where generators run


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """Our generator with a profile."""

    pipelining: str = "auto"
    per_connection: str = "unlimited"
    tls: str = "none"
    users: int = CONNECTIONS
    size: int = OCTETS
    processes: int = 1
    rate: str = ""
    seconds: int = LONGEST  # at the longest

    def __call__(self, port: int, messages: int) -> Sent:
        """Send so many messages."""
        with self.running(port, messages) as started:
            made = finished(*started)
        if made.messages.accepted != messages:
            sys.exit(f"load: {messages} messages were wanted, and {made.messages} came of it")
        return Sent(made.seconds, sum(each.cpu for each in made.generators.values()))

    @contextlib.contextmanager
    def running(
        self, port: int, messages: int | None = None
    ) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
        """The generator while it runs, and the file that it writes; it is ended afterwards."""
        with tempfile.TemporaryDirectory() as folder:
            profile, result = Path(folder) / "bench.yaml", Path(folder) / "result.json"
            profile.write_text(self._profile(messages))
            pinned = FIRST if self.processes == 1 else ALL
            child = subprocess.Popen(
                [*_locust(_LOCUSTFILE), *self._options(port, profile, result)],
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                preexec_fn=lambda: os.sched_setaffinity(0, pinned),
                start_new_session=True,
            )
            try:
                yield child, result
            finally:
                # With its workers: they would look for a master for minutes, and find the next.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()

    def _profile(self, messages: int | None) -> str:
        lines = {
            "about": "a benchmark",
            "users": self.users,
            "duration": f"{self.seconds}s",
            "messages": messages,
            "size": self.size,
            "messages_per_connection": self.per_connection,
            "pipelining": self.pipelining,
            "tls": self.tls,
            "rate": self.rate or None,
        }
        return "".join(f"{key}: {value}\n" for key, value in lines.items() if value is not None)

    def _options(self, port: int, profile: Path, result: Path) -> list[str]:
        more = ["--processes", str(self.processes)] if self.processes > 1 else []
        return [
            *("-H", f"smtp://127.0.0.1:{port}", "--smtp-to", "alice@example.test"),
            *("--smtp-profile", str(profile), "--smtp-result", str(result), "--smtp-insecure"),
            *more,
        ]


def smtplib_in_locust(port: int, messages: int) -> Sent:
    """What Python's own client does under Locust, on connections that stay."""
    with tempfile.NamedTemporaryFile("r") as result:
        subprocess.run(
            [*_locust(_SMTPLIB), "-H", str(port), "-u", str(CONNECTIONS), "-r", "1000"],
            env=os.environ
            | {"MESSAGES": str(messages), "OCTETS": str(OCTETS), "RESULT": result.name},
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST,
            preexec_fn=pin,
        )
        seconds, effort = result.read().split()
    return Sent(float(seconds), float(effort))


def per_connection(tools: Postfix, port: int, messages: int) -> Sent:
    """smtp-source without -d: a connection for each message."""
    return tools.source(port, messages, persistent=False, before=pin)


def persistent(tools: Postfix, port: int, messages: int) -> Sent:
    """smtp-source -d, on the processor where all generators run."""
    return tools.source(port, messages, before=pin)


def resident(child: subprocess.Popen[bytes]) -> int:
    """The octets of memory that it has now."""
    return int(psutil.Process(child.pid).memory_info().rss)


def _locust(file: Path) -> list[str]:
    return [
        *(sys.executable, "-P", "-m", "locust", "-f", str(file)),
        *("--headless", "--only-summary", "--loglevel", "ERROR"),
    ]


def finished(child: subprocess.Popen[bytes], result: Path) -> LoadResult:
    """What a generator has written, when it has come to its end."""
    try:
        status = child.wait(LONGEST)
    except subprocess.TimeoutExpired:
        sys.exit("load: it did not come to an end")
    if status not in (0, 1):  # 1: a threshold is missed, on a machine that others use too
        sys.exit(f"load: it ended with status {status}")
    return read(result)


def pin() -> None:
    """Run on the generators' processor, from now on."""
    os.sched_setaffinity(0, FIRST)
