"""Coverage: which requirements of the catalogue have a case, which cannot, which lack one.

Entries that restate another one are left out, and a case about one of those covers what it
restates: a requirement counts once, in however many RFCs it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.transcripts.catalogue import Catalogue, Entry
from harness.transcripts.model import Suite

# What a dialogue with a server can show; clients, next hops and restarts are other work.
ROLES = frozenset({"server", "submission", "lmtp"})
TIERS = frozenset({"wire", "tls-auth", "readback"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The distinct entries of the catalogue, and what became of them."""

    entries: tuple[Entry, ...]
    tested: frozenset[str]  # ids that some case checks
    untested: Mapping[str, str]  # id -> why no case can

    @property
    def missing(self) -> tuple[Entry, ...]:
        """The entries that a dialogue could test, and none does, in the catalogue's order."""
        return tuple(
            entry for entry in self.entries
            if is_for_dialogues(entry) and entry.id not in self.tested | self.untested.keys()
        )  # fmt: skip


def is_for_dialogues(entry: Entry) -> bool:
    """Whether a client that can read delivered mail is all that it takes to test it."""
    return entry.role in ROLES and entry.tier in TIERS


def coverage(suites: Iterable[Suite], reasons: Mapping[str, str], catalogue: Catalogue) -> Coverage:
    """What these suites cover of the catalogue."""
    entries = catalogue.entries
    checks = {check for suite in suites for case in suite.cases for check in case.checks}
    return Coverage(
        entries=tuple(entry for entry in entries.values() if not entry.restates),
        tested=frozenset(entries[check].restates or check for check in checks),
        untested={id: why for id, why in reasons.items() if id not in checks},
    )
