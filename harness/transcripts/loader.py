"""The loader: suite files to suites."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from importlib.resources import files
from pathlib import Path

from harness.documents import Complaints, Fields, Node, read
from harness.transcripts.cases import KEYS, CaseReader, Defaults
from harness.transcripts.catalogue import Catalogue
from harness.transcripts.ids import Ids, check_suite_id
from harness.transcripts.model import Suite
from harness.transcripts.tables import Tables

SUFFIX = ".smtp.yaml"


def load_suite(path: str | Path, catalogue: Catalogue | None = None) -> Suite:
    """The suite in a file; raises DocumentError with all that is wrong with it."""
    complaints = Complaints()
    suite = read_suite(path, catalogue or Catalogue.load(), complaints)
    complaints.raise_errors()
    assert suite is not None, "a file without a suite has a complaint"
    return suite


def read_suite(
    path: str | Path, catalogue: Catalogue, complaints: Complaints, *,
    lies: Collection[str] | None = None,
) -> Suite | None:  # fmt: skip
    """The suite in a file, as far as it can be read; what is wrong goes to `complaints`.

    `lies` are the names that `caught_by:` may hold; None leaves them unchecked.
    """
    root = read(path, complaints)
    return None if root is None else read_root(root, Path(path), catalogue, complaints, lies=lies)


def read_root(
    root: Node, path: Path, catalogue: Catalogue, complaints: Complaints, *,
    lies: Collection[str] | None = None,
) -> Suite:  # fmt: skip
    """The suite in the nodes of a file."""
    with Fields(root, complaints, "a suite") as fields:
        id = _suite_id(fields, complaints)
        title = fields.text("title")
        reader = CaseReader(
            suite=id,
            folder=path.parent,
            defaults=Defaults.read(fields, Defaults(), catalogue, complaints),
            catalogue=catalogue,
            lies=lies,
            complaints=complaints,
            ids=Ids("case", complaints),
            tables=Tables.read(fields, KEYS, complaints),
        )
        nodes = fields.items("cases") if fields.require("cases") else ()
        cases = tuple(case for node in nodes for case in reader.read(node))
        reader.tables.warn_of_unused()
    return Suite(id=id, title=title or id, cases=cases, path=str(path))


def find_suites(places: Path | Iterable[Path]) -> list[Path]:
    """Files as they are and all suites under folders, in the order a reader would list them."""
    found: dict[Path, None] = {}
    for place in [places] if isinstance(places, Path) else places:
        under = filter(Path.is_file, place.rglob(f"*{SUFFIX}")) if place.is_dir() else [place]
        found.update(dict.fromkeys(sorted(under, key=_natural)))
    return list(found)


def shipped_suites() -> Path:
    """The folder of the suites that we ship, from where the reader stands if it lies below."""
    folder = Path(str(files("suites")))
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _suite_id(fields: Fields, complaints: Complaints) -> str:
    node = fields.node("suite") if fields.require("suite") else None
    if node is None:
        return ""
    check_suite_id(node, complaints)
    return node.value


def _natural(path: Path) -> list[tuple[int, str]]:
    """Section 4.5.2 before 4.5.10."""
    parts = re.split(r"(\d+)", str(path))
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
