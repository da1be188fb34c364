"""What a cell opens: stories with their dialogues, packed into the page as text that it unpacks.

A page has a most it may weigh.  Where all stories would be too many, those of cases that were met
lose their dialogues first, then all but the headline; what was unmet keeps all it has.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterator

from harness.reports.page.table import Table
from harness.reports.story import as_text, brief_story, short_story, story
from harness.results import Outcome, Verdict

ROOM = 1_400_000  # characters; with its table a page of eight servers stays below 2 MB

_FINE = frozenset({Verdict.MET, Verdict.FIXED, Verdict.SKIP})


def packed(table: Table, room: int = ROOM) -> str:
    """All stories, as base64 of gzip of JSON: {rows: [[case...]...], cases: [[address, [...]]]}."""
    text = ""
    for tell in (_whole, _met_in_short, _met_in_a_line):
        text = _packed(table, tell)
        if len(text) <= room:
            return text
    return text


def _packed(table: Table, tell: Callable[[Outcome], str]) -> str:
    # Case by case, so that what servers said alike lies side by side, as compressors like it.
    document = {
        "rows": [row.cases for rows in table.rows.values() for row in rows],
        "cases": [[case.address, list(_told(case.outcomes, tell))] for case in table.cases],
    }
    octets = json.dumps(document, separators=(",", ":")).encode()
    return base64.b64encode(gzip.compress(octets, 9, mtime=0)).decode("ascii")


def _told(
    outcomes: tuple[Outcome | None, ...], tell: Callable[[Outcome], str]
) -> Iterator[list[str] | int]:
    for outcome in outcomes:
        yield [outcome.verdict.value, tell(outcome)] if outcome else 0


def _whole(outcome: Outcome) -> str:
    return as_text(story(outcome) if outcome.surprise else brief_story(outcome))


def _met_in_short(outcome: Outcome) -> str:
    return as_text(short_story(outcome)) if outcome.verdict in _FINE else _whole(outcome)


def _met_in_a_line(outcome: Outcome) -> str:
    return outcome.title if outcome.verdict in _FINE else _whole(outcome)
