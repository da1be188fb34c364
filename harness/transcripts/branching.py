"""Branches: `on 4xx:` and `else:` below a line, which come last and `else:` at the very end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from harness.documents import Place
from harness.transcripts.dialogue import Row, Setting
from harness.transcripts.steps import Step

B = TypeVar("B")

ReadSteps = Callable[[Iterable[Row]], tuple[Step, ...]]
MakeBranch = Callable[[Row, str | None, Place], B | None]

_BRANCH = re.compile(r"(?:on (.+)|else):")


def part_branches(rows: Sequence[Row]) -> tuple[Sequence[Row], Sequence[Row]]:
    """The modifiers, and all from the first branch on."""
    first = next((index for index, row in enumerate(rows) if _is_branch(row)), len(rows))
    return rows[:first], rows[first:]


def read_branches(rows: Sequence[Row], setting: Setting, make: MakeBranch[B]) -> tuple[B, ...]:
    """The branches; `make` gets each one's line and its word, which is None for `else:`."""
    complaints = setting.complaints
    branches = []
    is_over = False
    for row in rows:
        match = _BRANCH.fullmatch(row.text)
        if not _is_branch(row):
            complaints.add(row.at, f"{row.text!r} after a branch", "branches come last")
        elif match is None:
            complaints.add(row.at, f"{row.text!r} is no branch", "write `on 4xx:` or `else:`")
        else:
            if is_over:
                complaints.add(row.at, "a branch after `else:` is never taken")
            if not row.below:
                complaints.add(row.at, "an empty branch", "indent its lines below it")
            is_over = is_over or match[1] is None
            at = row.at.onward(max(match.start(1), 0), len(match[1] or row.text))
            branches.append(make(row, match[1], at))
    return tuple(branch for branch in branches if branch is not None)


def _is_branch(row: Row) -> bool:
    return row.text.split()[0] in ("on", "else", "else:")
