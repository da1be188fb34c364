"""Loads: what sends messages to a server, how long that takes, and what it costs the sender."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CONNECTIONS: Final = 50
OCTETS: Final = 1_024  # of a message
_PIPELINER: Final = Path(__file__).parent / "pipeliner.py"
LONGEST: Final = 300  # seconds


@dataclass(frozen=True, slots=True)
class Sent:
    """So many messages have been sent, and each of them confirmed."""

    seconds: float
    effort: float  # seconds of the sender's processor time


Load = Callable[[int, int], Sent]  # port and number of messages -> what that took


@dataclass(frozen=True, slots=True)
class Postfix:
    """Postfix's load tools, from a tree of unpacked packages."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """Where the tools find their libraries."""
        return {"LD_LIBRARY_PATH": str(self.root / "usr/lib/postfix")}

    def sink(self, port: int) -> tuple[str, ...]:
        """The command of a smtp-sink; as root it insists on becoming somebody else."""
        nobody = ("-u", "nobody") if os.geteuid() == 0 else ()
        return (str(self.root / "usr/sbin/smtp-sink"), *nobody, f"127.0.0.1:{port}", "500")

    def source(
        self,
        port: int,
        messages: int,
        *,
        persistent: bool = True,
        octets: int = OCTETS,
        before: Callable[[], None] | None = None,
    ) -> Sent:
        """Lock-step: every command waits for the reply to the last one."""
        options = f"-s {CONNECTIONS} -l {octets} -m {messages}".split()
        people = ["-f", "sender@client.example.test", "-t", "alice@example.test"]
        command = [
            str(self.root / "usr/sbin/smtp-source"),
            *(["-d"] if persistent else []),
            *options,
            *people,
            f"127.0.0.1:{port}",
        ]
        began, spent = time.perf_counter(), spent_by_children()
        _run(command, self.environment, before)
        return Sent(time.perf_counter() - began, spent_by_children() - spent)


def pipeline(port: int, messages: int) -> Sent:
    """Pipelined: a round trip for a message."""
    numbers = map(str, (port, CONNECTIONS, messages, OCTETS))
    seconds, effort = _run([sys.executable, str(_PIPELINER), *numbers]).split()
    return Sent(float(seconds), float(effort))


def _run(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    before: Callable[[], None] | None = None,
) -> str:
    """What it prints; whatever it complains of ends everything."""
    try:
        return subprocess.run(
            command,
            check=True,
            env=os.environ | (environment or {}),
            stdout=subprocess.PIPE,
            text=True,
            timeout=LONGEST,
            preexec_fn=before,
        ).stdout
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as problem:
        sys.exit(str(problem))


def spent_by_children() -> float:
    """Processor time of all that ran and ended; a server that still runs is not in it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
