"""Suites written inside tests: what they become, and what is complained of."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

from harness.documents import Complaint, Complaints, parse
from harness.transcripts.catalogue import Catalogue, Entry
from harness.transcripts.loader import read_root
from harness.transcripts.model import Case, Suite
from harness.transcripts.scope import FACTS
from harness.transcripts.steps import Step

LISTED = f"(there are: {', '.join(sorted(FACTS))})"  # where nothing else is known


def entry(id: str, level: str = "MUST", basis: str = "keyword", needs: tuple[str, ...] = ()):
    return Entry(id=id, rfc="5321", section="4.1", level=level, role="server", area="mail",
                 basis=basis, tier="wire", needs=needs, requirement="It works.", how="Try it.",
                 source="rfc-text")  # fmt: skip


CATALOGUE = Catalogue(
    {
        it.id: it
        for it in (
            entry("must-1", needs=("local-rcpt", "unknown-rcpt", "delivery", "ext:SIZE")),
            entry("must-2", level="MUST NOT", needs=("tls", "auth", "bounce", "ext:PIPELINING")),
            entry("derived-1", basis="derived"),
            entry("should-1", level="SHOULD"),
            entry("may-1", level="MAY", needs=("lmtp", "relay")),
            entry("folklore-1", level="de-facto", basis="folklore"),
        )
    }
)


def read(
    text: str, *, path: str = "x.smtp.yaml", lies=None
) -> tuple[Suite | None, list[Complaint]]:
    """A suite's text, dedented, to a suite and all complaints."""
    complaints = Complaints()
    root = parse(dedent(text), path, complaints)
    suite = None
    if root is not None:
        suite = read_root(root, Path(path), CATALOGUE, complaints, lies=lies)
    return suite, list(complaints)


def wrap(dialogue: str, keys: str = "") -> str:
    """A suite of one case with this dialogue."""
    more = indent(dedent(keys).strip("\n"), "    ")
    block = indent(dedent(dialogue).strip("\n"), "      ")
    lines = ["suite: s", "cases:", "  - id: a", *filter(None, [more]), "    dialogue: |", block]
    return "\n".join(lines) + "\n"


def case(dialogue: str, keys: str = "") -> Case:
    """The case of a dialogue that must be right."""
    suite, complaints = read(wrap(dialogue, keys))
    assert suite is not None
    assert complaints == []
    return suite.cases[0]


def steps(dialogue: str, keys: str = "") -> tuple[Step, ...]:
    """The steps of a dialogue that must be right."""
    return case(dialogue, keys).steps


def told(dialogue: str, keys: str = "") -> list[str]:
    """What is wrong with a dialogue, as sentences without their places."""
    return [complaint.sentence for complaint in read(wrap(dialogue, keys))[1]]


def sentences(text: str, *, lies=None) -> list[str]:
    """What is wrong with a suite, as sentences without their places."""
    return [complaint.sentence for complaint in read(text, lies=lies)[1]]
