"""What has no case on purpose: entries of the catalogue that no dialogue can test, and why.

    - id: 5321-4.2-9
      why: It speaks to who writes clients; no server can break it.

With `suites/untested.yaml` beside the cases, "neither" in `list --coverage` always means work.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

from harness.documents import Complaints, Fields, ListNode, Node, read
from harness.transcripts.catalogue import Catalogue

UNTESTED = "untested.yaml"


def shipped_reasons() -> Mapping[str, str]:
    """Why entries of our catalogue have no case, by id."""
    return _shipped()


def read_untested(path: str | Path, complaints: Complaints, catalogue: Catalogue) -> dict[str, str]:
    """The reasons in a file by the entry's id; complains of ids that do not exist or come twice."""
    root = read(path, complaints)
    found: dict[str, str] = {}
    if isinstance(root, ListNode):
        for node in root.items:
            _add(found, node, complaints, catalogue)
    elif root is not None:
        complaints.add(root.at, "what is untested is a list of `id:` and `why:`")
    return found


def _add(found: dict[str, str], node: Node, complaints: Complaints, catalogue: Catalogue) -> None:
    with Fields(node, complaints, "an entry") as fields:
        id, why = fields.required_text("id"), fields.required_text("why")
    if not id:
        return
    if id not in catalogue.entries:
        complaints.add(node.at, f"there is no requirement {id!r} in the catalogue")
    elif id in found:
        complaints.add(node.at, f"{id} has its reason already")
    found.setdefault(id, why)


@cache
def _shipped() -> Mapping[str, str]:
    complaints = Complaints()
    with as_file(files("suites") / UNTESTED) as path:
        reasons = read_untested(path, complaints, Catalogue.load())
    complaints.raise_errors()
    return reasons
