"""How fast, as ratios in one run: the suites, and the reference server beside other servers.

Absolute figures are a machine's; ratios of servers that took turns under the same load within
the same minute travel.  So every server is up all the time, one at a time is loaded, the rounds
are interleaved and the median counts.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it comes with Locust, without stubs

BIN = Path(sys.executable).parent
MAILDIR_TARGET = Path(__file__).parents[1] / "targets" / "aiosmtpd" / "server.py"
WARM_UP = 1000  # messages; they also tell how many make a round of the wanted length
CONNECTIONS = 50
MESSAGE_SIZE = 1024
ENOUGH_MEMORY = 2 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server under smtp-source."""

    name: str
    command: tuple[str, ...]
    port: int
    mailbox: Path | None = None  # where it must keep every message that it confirms
    environment: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """A server that greets."""

    server: Server
    process: psutil.Process

    def processor_time(self) -> float:
        """Seconds of processor that it has used, in all its threads."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one server did in one round."""

    rate: float  # messages a second
    effort: float  # seconds of the server's processor time a message


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

    def load(self, port: int, messages: int) -> float:
        """Send so many messages by smtp-source; give back the seconds it took."""
        options = f"-s {CONNECTIONS} -d -l {MESSAGE_SIZE} -m {messages}".split()
        people = ["-f", "sender@client.example.test", "-t", "alice@example.test"]
        command = [str(self.root / "usr/sbin/smtp-source"), *options, *people, f"127.0.0.1:{port}"]
        began = time.perf_counter()
        subprocess.run(command, check=True, env=os.environ | self.environment)
        return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postfix", type=Path, required=True, help="root of unpacked packages")
    parser.add_argument("--home", type=Path, required=True, help="scratch directory, on a disk")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of a round")
    parser.add_argument("--only", choices=("suites", "servers"))
    options = parser.parse_args()
    if options.only != "servers":
        print_suites(options.home, options.rounds)
    if options.only != "suites":
        print_servers(Postfix(options.postfix), options.home, options.rounds, options.seconds)


# --- the suites -----------------------------------------------------------------------------


def print_suites(home: Path, rounds: int) -> None:
    """The whole suite against the embedded server, one case at a time and eight at a time."""
    home.mkdir(parents=True, exist_ok=True)
    seconds: dict[int, list[float]] = {1: [], 8: []}
    cases = 0
    for _ in range(rounds):
        for jobs, times in seconds.items():
            spent, cases = run_suites(jobs, home / "result.json")
            times.append(spent)
    alone = statistics.median(seconds[1])
    print(f"\nthe whole suite against the embedded server, {cases} cases, start included")
    print(f"{'':>6} {'seconds':>8} {'cases/s':>8} {'x -j 1':>7}")
    for jobs, times in seconds.items():
        middle = statistics.median(times)
        print(f"{f'-j {jobs}':>6} {middle:8.2f} {cases / middle:8.1f} {alone / middle:7.2f}")
    sys.stdout.flush()


def run_suites(jobs: int, report: Path) -> tuple[float, int]:
    """Seconds and number of cases of one run."""
    command = [sys.executable, "-m", "harness.cli", "run", "-j", str(jobs), "--json", str(report)]
    began = time.perf_counter()
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    spent = time.perf_counter() - began
    if ran.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with status {ran.returncode}:\n{ran.stdout}")
    return spent, len(json.loads(report.read_text())["outcomes"])


# --- the servers ----------------------------------------------------------------------------


def print_servers(postfix: Postfix, home: Path, rounds: int, seconds: float) -> None:
    """Messages per second of each server, and what that is to aiosmtpd and smtp-sink."""
    settle(home)
    with contextlib.ExitStack() as stack:
        stack.callback(forget, home)
        memory = stack.enter_context(in_memory(home))
        servers = [stack.enter_context(running(each)) for each in lineup(postfix, home, memory)]
        sizes = {each.server.name: size_of_round(postfix, each, seconds) for each in servers}
        results: dict[str, list[Round]] = {each.server.name: [] for each in servers}
        for _ in range(rounds):
            for each in servers:
                name = each.server.name
                results[name].append(play_round(postfix, each, sizes[name]))
    print_table(results)


def forget(home: Path) -> None:
    """Remove all mail, and only now: see settle."""
    shutil.rmtree(home)
    home.mkdir()


def settle(home: Path) -> None:
    """Wait until the disk has got over the mail that the last run removed.

    For 35 seconds ext4 will not use the inode of a removed file again, and looks at each of them
    whenever a file is created: after 10,000 removals that is twenty times slower.
    """
    if home.exists():
        time.sleep(max(0.0, min(40.0, home.stat().st_mtime + 40 - time.time())))


@contextlib.contextmanager
def in_memory(otherwise: Path) -> Iterator[Path]:
    """A directory in memory, if there is enough: mail that nobody syncs measures no disk there."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or shutil.disk_usage(memory).free < ENOUGH_MEMORY:
        print(f"mail that is not synced goes to the disk too: {memory} has not 2 GiB")
        yield otherwise
        return
    with tempfile.TemporaryDirectory(prefix="smtp-harness-bench-", dir=memory) as directory:
        yield Path(directory)


def lineup(postfix: Postfix, home: Path, memory: Path) -> list[Server]:
    """The servers, each with a port and a place of its own."""
    synced, quick, empty, counter, writer, library, sink = free_ports(7)
    return [
        reference_server("reference server, synced", synced, home / "synced"),
        reference_server("reference server, --no-sync", quick, memory / "quick", "--no-sync"),
        replace(
            reference_server("reference server, keeps nothing", empty, memory / "no", "--discard"),
            mailbox=None,
        ),
        replace(
            reference_server("reference server, --sink", counter, memory / "sink", "--sink"),
            mailbox=None,
        ),
        Server(
            name="aiosmtpd, keeps mail",
            command=(sys.executable, "-W", "ignore", str(MAILDIR_TARGET), f"--port={writer}",
                     f"--home={memory / 'aiosmtpd'}"),
            port=writer,
            mailbox=memory / "aiosmtpd" / "mail" / "alice" / "new",
        ),
        Server(
            name="aiosmtpd, keeps nothing",
            command=(str(BIN / "aiosmtpd"), "-n", "-l", f"127.0.0.1:{library}",
                     "-c", "aiosmtpd.handlers.Sink"),
            port=library,
        ),
        Server(name="smtp-sink", command=postfix.sink(sink), port=sink,
               environment=postfix.environment),
    ]  # fmt: skip


def reference_server(name: str, port: int, spool: Path, *more: str) -> Server:
    """The server that the suites pass on."""
    where = ("--port", str(port), "--domain", "example.test", "--spool", str(spool))
    command = (sys.executable, "-m", "reference_server", *where, "--user", "alice:secret", *more)
    return Server(name=name, command=command, port=port, mailbox=spool / "mail" / "alice" / "new")


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses now; all are held until the last is found, so none comes twice."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in held]


@contextlib.contextmanager
def running(server: Server) -> Iterator[Started]:
    """The server, started and greeting; it is ended afterwards."""
    if server.mailbox is not None:
        server.mailbox.parents[2].mkdir(parents=True, exist_ok=True)
    environment = os.environ | (server.environment or {})
    child = subprocess.Popen(server.command, stdout=subprocess.DEVNULL, env=environment)
    try:
        wait_for_greeting(server, child)
        yield Started(server, psutil.Process(child.pid))
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()


def wait_for_greeting(server: Server, child: subprocess.Popen[bytes]) -> None:
    """Return once the server says 220; end everything when it does not."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and child.poll() is None:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", server.port), timeout=5) as peer,
        ):
            if peer.recv(3) == b"220":
                return
        time.sleep(0.05)
    sys.exit(f"{server.name} does not greet: {' '.join(server.command)}")


def size_of_round(postfix: Postfix, started: Started, seconds: float) -> int:
    """How many messages make a round of about that length; measuring it is the warm-up."""
    rate = play_round(postfix, started, WARM_UP).rate
    if rate * seconds > 4 * WARM_UP:  # too short to tell: once more, longer
        rate = play_round(postfix, started, int(rate)).rate
    return max(CONNECTIONS, int(rate * seconds))


def play_round(postfix: Postfix, started: Started, messages: int) -> Round:
    """Load a server; every message that it confirmed must be there."""
    server = started.server
    before, spent = kept_by(server), started.processor_time()
    seconds = postfix.load(server.port, messages)
    kept, spent = kept_by(server) - before, started.processor_time() - spent
    if server.mailbox is not None and kept != messages:
        sys.exit(f"{server.name}: {messages} messages were confirmed, {kept} are there")
    return Round(rate=messages / seconds, effort=spent / messages)


def kept_by(server: Server) -> int:
    """How many messages are in the server's mailbox."""
    return 0 if server.mailbox is None else len(os.listdir(server.mailbox))


def print_table(results: Mapping[str, Sequence[Round]]) -> None:
    """The figures, and the ratios that the project promises."""
    against = {
        "x aiosmtpd": results["aiosmtpd, keeps nothing"],
        "x aiosmtpd that keeps": results["aiosmtpd, keeps mail"],
        "x smtp-sink": results["smtp-sink"],
    }
    rows: list[list[str]] = [["", "messages/s", "processor", *against]]
    for name, found in results.items():
        rate = statistics.median(each.rate for each in found)
        effort = statistics.median(each.effort for each in found)
        ratios = (f"{ratio(found, other):.2f}" for other in against.values())
        rows.append([name, f"{rate:,.0f}", f"{effort * 1e6:,.0f} us", *ratios])
    print(f"\nsmtp-source -s {CONNECTIONS} -d -l {MESSAGE_SIZE}, one server at a time;")
    print("processor: what the server used for a message, whatever else the machine did")
    print(aligned(rows))


def ratio(ours: Sequence[Round], theirs: Sequence[Round]) -> float:
    """The median of the rounds' ratios: what slowed one in a round has slowed the other too."""
    return statistics.median(one.rate / other.rate for one, other in zip(ours, theirs, strict=True))


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Names to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    )


if __name__ == "__main__":
    main()
