"""Known deviations: what a target is known to do otherwise, each with its clause of the RFC.

    rfc5321/4.1.4/ehlo-resets:
      section: RFC 5321 4.1.4
      clause: An EHLO command MAY be issued by a client later in the session.
      met: 503 5.5.1 Already identified
      who: target                   # who is wrong: us, or the target
      link: https://...             # a bug report, or none

A deviation without a reason is no knowledge, so every key must be there and say something.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.documents import Complaints, Fields, MappingNode, Place, TextNode, read
from harness.transcripts.model import Case

_SAYS_NOTHING = frozenset({"", "?", "todo", "tbd", "unknown", "..."})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One entry of a known-deviations file."""

    address: str
    section: str
    clause: str
    met: str
    who: str
    link: str
    at: Place

    def __str__(self) -> str:
        wrong = "we are wrong" if self.who == "us" else "the target is wrong"
        link = "" if self.link == "none" else f"; {self.link}"
        return f'{self.section}: "{self.clause}" Known to meet {self.met}: {wrong}{link}'


def read_known(path: str | Path) -> Mapping[str, Deviation]:
    """The deviations in a file by address; raises DocumentError with every complaint."""
    complaints = Complaints()
    known = read_deviations(path, complaints)
    complaints.raise_errors()
    return known


def read_deviations(
    path: str | Path, complaints: Complaints, addresses: Collection[str] | None = None
) -> dict[str, Deviation]:
    """The deviations in a file; complains of addresses that no case has, if those are given."""
    root = read(path, complaints)
    if not isinstance(root, MappingNode):
        if root is not None:
            complaints.add(root.at, "known deviations are a mapping from case addresses")
        return {}
    found = {}
    for key, node in root.entries:
        if addresses is not None and not _names_case(key.value, addresses):
            complaints.unknown(key.at, "case", key.value, addresses)
        with Fields(node, complaints, repr(key.value)) as fields:
            found[key.value] = _deviation(key, fields)
    return found


def deviation_of(case: Case, known: Mapping[str, Deviation]) -> Deviation | None:
    """What is known of a case: of its row, of all rows of one table's row, of the family."""
    row = (case.row or "").split("/")
    names = (f"{case.suite}/{case.id}/{'/'.join(row[:end])}" for end in range(len(row), 0, -1))
    found = (known[name] for name in names if name in known)
    return next(found, known.get(f"{case.suite}/{case.id}"))


def _deviation(key: TextNode, fields: Fields) -> Deviation:
    if "reason" in fields:
        fields.take("reason")
        fields.complaints.add(
            fields.place("reason"),
            "a reason is a section, the clause, what was met, and who is wrong",
            "replace `reason:` by section, clause, met, who, link",
        )
    return Deviation(
        address=key.value,
        section=_said(fields, "section"),
        clause=_said(fields, "clause"),
        met=_said(fields, "met"),
        who=_who(fields),
        link=_said(fields, "link"),
        at=key.at,
    )


def _said(fields: Fields, key: str) -> str:
    text = fields.required_text(key)
    if key in fields and text.strip().casefold() in _SAYS_NOTHING:
        fields.complaints.add(fields.place(key), f"{key!r} says nothing: {text!r}")
    return text


def _who(fields: Fields) -> str:
    fields.require("who")
    return fields.choice("who", ("us", "target")) or "target"


def _names_case(address: str, addresses: Collection[str]) -> bool:
    return any(it == address or it.startswith(f"{address}/") for it in addresses)
