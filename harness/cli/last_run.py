"""What was unmet the last time, so that `--last-failed` plays just that again.

Kept beside other caches of the user (XDG_CACHE_HOME), one small file for each target: addresses of
cases, nothing that a peer said.  A case that a run did not play stays as it was.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Set
from hashlib import sha256
from pathlib import Path

from harness.errors import UsageError
from harness.reports.files import write_whole
from harness.results import JUDGED, RunResult, Verdict

_UNMET = frozenset({Verdict.FAIL, Verdict.WARN, Verdict.ERROR})


def last_failed(name: str) -> frozenset[str]:
    """The addresses that were unmet when the target of this name was judged before."""
    try:
        return frozenset(_file(name).read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError):
        return frozenset()


def remember(name: str, result: RunResult) -> None:
    """Keep what is unmet now; where nothing can be kept, nothing is."""
    before = last_failed(name)
    unmet = before - _played(result) | {
        outcome.address for outcome in result.outcomes if outcome.verdict in _UNMET
    }
    if unmet == before:
        return
    with contextlib.suppress(UsageError, OSError):
        _file(name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(_file(name), "".join(f"{address}\n" for address in sorted(unmet)))


def _played(result: RunResult) -> Set[str]:
    return {outcome.address for outcome in result.outcomes if outcome.verdict in JUDGED}


def _file(name: str) -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "smtp-harness" / "last-failed" / sha256(name.encode()).hexdigest()[:16]
