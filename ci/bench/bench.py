"""How fast, as ratios in one run: suites, our server and our load generator beside those of others.

The last table says of each promise whether it is kept; the exit status does not, since a clock is
no judge on a machine that others use too.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import generators
import idle
import patience
import whole_suite
from loads import CONNECTIONS, OCTETS, Postfix, pipeline
from places import in_memory, on_disk
from promises import HEADINGS, IDLE_CONNECTIONS, PIPELINED, PROMISES, judged, judged_idle
from rounds import Contender, Results, middle, race, ratios
from servers import (
    AIOSMTPD,
    AIOSMTPD_KEEPS,
    POSTFIX,
    SINK,
    SMTP_SINK,
    SYNCED,
    UNSYNCED,
    Server,
    lineup,
)
from tables import aligned

PARTS = ("suites", "servers", "idle", "load")
# Whom a promise holds together stands side by side, so that little time lies between their turns.
TURNS = (
    AIOSMTPD,
    SINK,
    SMTP_SINK,
    SINK + PIPELINED,
    SMTP_SINK + PIPELINED,
    UNSYNCED + PIPELINED,
    UNSYNCED,
    AIOSMTPD_KEEPS,
    SYNCED,
    POSTFIX,
)


def main() -> None:
    """Measure and print."""
    options = _options()
    parts = PARTS if options.only is None else (options.only,)
    verdicts: list[Sequence[str]] = []
    print(f"{_machine()}; {_load()}")
    if "suites" in parts:
        verdicts += _suites(options)
    if "servers" in parts:
        results = _race(options)
        _show_figures(results)
        verdicts += judged(PROMISES, results, processors=os.cpu_count() or 1)
    if "idle" in parts:
        verdicts += _idle()
    if "load" in parts:
        verdicts += generators.measure(Postfix(options.tools), options.rounds, options.seconds)
    if verdicts:
        print("\npromises: the median of the rounds' ratios, the lowest and the highest;")
        print("processor: theirs by ours, a message; nothing is promised of it")
        print(aligned([HEADINGS, *verdicts]))
    print(f"\n{_load()} at the end")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tools", type=Path, required=True, help="root of Postfix's packages")
    parser.add_argument("--postfix-port", type=int, help="where a Postfix is to be raced with")
    parser.add_argument("--postfix-mailbox", type=Path, help="where it keeps alice's new mail")
    parser.add_argument("--home", type=Path, required=True, help="scratch directory, on a disk")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.0, help="each one's turn in a round")
    parser.add_argument("--only", choices=PARTS)
    return parser.parse_args()


def _machine() -> str:
    system = f"{platform.system()} {platform.release()}"
    return f"{os.cpu_count()} processors, {system}, Python {platform.python_version()}"


def _load() -> str:
    """What else goes on here: two is all that a bench should make."""
    return "load averages {:.1f} {:.1f} {:.1f}".format(*os.getloadavg())


# --- parts ----------------------------------------------------------------------------------


def _suites(options: argparse.Namespace) -> list[Sequence[str]]:
    with on_disk(options.home) as home:
        rows = whole_suite.measure(home / "result.json")
        patient, verdict = patience.measure(home / "patience")
    print("\nthe whole suite against the embedded server, start included")
    print(aligned(rows))
    print("\nsuites against a server that takes 20 ms for each reply")
    print(aligned(patient), flush=True)
    return [verdict]


def _race(options: argparse.Namespace) -> Results:
    tools = Postfix(options.tools)
    postfix = options.postfix_port and Server(
        name=POSTFIX, port=options.postfix_port, mailbox=options.postfix_mailbox
    )
    with on_disk(options.home) as home, in_memory(home) as memory:
        servers = lineup(tools, home, memory, postfix=postfix or None)
        return race(
            [
                Contender(
                    name=name,
                    server=name.removesuffix(PIPELINED),
                    load=pipeline if name.endswith(PIPELINED) else tools.source,
                )
                for name in TURNS
                if name.removesuffix(PIPELINED) in servers
            ],
            servers,
            rounds=options.rounds,
            seconds=options.seconds,
        )


def _show_figures(results: Results) -> None:
    others = [name for name in (SMTP_SINK, AIOSMTPD, AIOSMTPD_KEEPS, POSTFIX) if name in results]
    rows = [["", "messages/s", "server", "sender", *(f"x {name}" for name in others)]]
    for name, rounds in results.items():
        found = middle(rounds)
        efforts = (f"{each * 1e6:,.0f} us" if each else "-"
                   for each in (found.effort, found.load_effort))  # fmt: skip
        compared = (f"{median(ratios(rounds, results[other])):.2f}" for other in others)
        rows.append([name, f"{found.rate:,.0f}", *efforts, *compared])
    print(f"\nsmtp-source -s {CONNECTIONS} -d -l {OCTETS}, or as many sessions that pipeline, one")
    print("server at a time; server, sender: the processor time that a message took of each")
    print(aligned(rows))
    for name, rounds in results.items():
        found = middle(rounds)
        if found.load_effort > found.effort > 0:
            print(f"{name}: the sender was the slower one, the server can do more")
    print(flush=True)


def _idle() -> list[Sequence[str]]:
    count = idle.allowed(IDLE_CONNECTIONS)
    ways = {"after EHLO": {}, "after a message": {"mail": True}, "inside TLS": {"tls": True}}
    return judged_idle({how: idle.weigh(count, **way) for how, way in ways.items()}, count)


if __name__ == "__main__":
    main()
