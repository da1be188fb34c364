"""The kill matrix: every lie of the reference server, every case, every way to cut the octets.

Each lie's server is started once for each cut, and all our cases are played on it.  What they found
is a line of JSON at once, so that a night that was too short goes on where it ended (--lines), and
in the end a page.  Exit status 1 when a lie was not caught by each of its own cases, or when a case
was caught by none.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import trio
from page import Kills, Night, to_page

from harness.cli.embedded import embedded
from harness.errors import HarnessError
from harness.results import JUDGED, RunResult
from harness.runner.plan import make_plan
from harness.runner.run import run_suites
from harness.runner.settings import Settings
from harness.transcripts.loader import find_suites, load_suite, shipped_suites
from harness.transcripts.model import Suite
from reference_server.lies import LIES

SEGMENTS: Final = ("whole", "lines", "bytes", "random:1")
INTERRUPTED: Final = 130
HONEST: Final = ""  # the name of no lie


def main() -> int:
    """Play what is not in the lines yet, write the page, and say what was not caught."""
    wishes = _wishes(sys.argv[1:])
    suites = [load_suite(path) for path in find_suites(shipped_suites())]
    done = _read(wishes.lines)
    undone: list[str] = []
    with wishes.lines.open("a", encoding="utf-8") as lines:
        for lie, segment in _to_do(wishes, done):
            try:
                night = _play(lie, segment, suites)
            except HarnessError as error:  # a machine with too much to do: the next night's
                undone.append(f"{lie or 'the honest server'}, {segment}: left undone: {error}")
                continue
            if night is None:
                return INTERRUPTED
            done[lie, segment] = night
            lines.write(json.dumps(asdict(night)) + "\n")
            lines.flush()
            print(_told(night), flush=True)
    wrong = {name: lie.what for name, lie in LIES.items()}
    kills = Kills(lies={HONEST: "the honest server", **wrong},
                  cases=_owners(suites), nights=list(done.values()))  # fmt: skip
    wishes.page.write_text(to_page(kills), encoding="utf-8")
    troubles = [*undone, *kills.troubles()]
    print(*troubles, f"{wishes.page}: {len(done)} servers, {len(troubles)} troubles", sep="\n")
    return 1 if troubles else 0


def _wishes(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lie", action="append", help="only this one; may be repeated")
    parser.add_argument("--segment", action="append", choices=SEGMENTS)
    parser.add_argument("--lines", type=Path, default=Path("kills.jsonl"))
    parser.add_argument("--page", type=Path, default=Path("kills.html"))
    parser.add_argument("--minutes", type=float, default=1e6, help="then the rest is left undone")
    return parser.parse_args(words)


def _to_do(
    wishes: argparse.Namespace, done: dict[tuple[str, str], Night]
) -> Iterator[tuple[str, str]]:
    end = time.monotonic() + wishes.minutes * 60
    for segment in wishes.segment or SEGMENTS:
        for lie in wishes.lie or (HONEST, *LIES):
            if (lie, segment) not in done and time.monotonic() < end:
                yield lie, segment


def _play(lie: str, segment: str, suites: Sequence[Suite]) -> Night | None:
    """What was found; None if a signal ended it before all was played."""
    began = time.monotonic()
    one_by_one = lie != HONEST and LIES[lie].one_by_one
    settings = Settings(jobs=1 if one_by_one else 8, seed=1, segment=segment)
    with embedded(lie or None) as target:
        result = trio.run(run_suites, make_plan(suites, target, settings), settings)
    if result.interrupted:
        return None
    return Night(
        lie=lie,
        segment=segment,
        unmet=tuple(_addresses(result, unmet=True)),
        unjudged=tuple(_addresses(result, unmet=False)),
        seconds=round(time.monotonic() - began, 1),
    )


def _addresses(result: RunResult, *, unmet: bool) -> Iterator[str]:
    for outcome in result.outcomes:
        judged = outcome.verdict in JUDGED
        if (judged and outcome.surprise is not None) if unmet else not judged:
            yield outcome.address


def _owners(suites: Iterable[Suite]) -> dict[str, str]:
    return {case.address: case.caught_by or "" for suite in suites for case in suite.cases}


def _read(lines: Path) -> dict[tuple[str, str], Night]:
    """What earlier runs have found; a last line that was cut is played again."""
    found = {}
    for line in lines.read_text(encoding="utf-8").splitlines() if lines.exists() else ():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        night = Night(**{**row, "unmet": tuple(row["unmet"]), "unjudged": tuple(row["unjudged"])})
        found[night.lie, night.segment] = night
    return found


def _told(night: Night) -> str:
    name = night.lie or "the honest server"
    return f"{name}, {night.segment}: {len(night.unmet)} unmet in {night.seconds} s"


if __name__ == "__main__":
    sys.exit(main())
