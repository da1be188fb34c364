"""The loader: suite files to suites."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from harness.documents import Complaints, Fields, Node, read
from harness.transcripts.cases import CaseReader, Defaults
from harness.transcripts.catalogue import Catalogue
from harness.transcripts.ids import Ids, check_suite_id
from harness.transcripts.model import Suite

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
    """The suite in a file, as far as it can be read; what is wrong goes to `complaints`."""
    root = read(path, complaints)
    if root is None:
        return None
    return _SuiteReader(Path(path), catalogue, complaints, lies).read(root)


def find_suites(places: Path | Iterable[Path]) -> list[Path]:
    """Files as they are and all suites under folders, in the order a reader would list them."""
    found: dict[Path, None] = {}
    for place in [places] if isinstance(places, Path) else places:
        under = place.rglob(f"*{SUFFIX}") if place.is_dir() else [place]
        found.update(dict.fromkeys(sorted(under, key=_natural)))
    return list(found)


def shipped_suites() -> Path:
    """The folder of the suites that we ship, from where the reader stands if it lies below."""
    folder = Path(str(files("suites")))
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


@dataclass(frozen=True, slots=True)
class _SuiteReader:
    path: Path
    catalogue: Catalogue
    complaints: Complaints
    lies: Collection[str] | None

    def read(self, root: Node) -> Suite:
        with Fields(root, self.complaints, "a suite") as fields:
            node = fields.node("suite") if fields.require("suite") else None
            if node is not None:
                check_suite_id(node, self.complaints)
            id = node.value if node is not None else ""
            title = fields.text("title")
            defaults = Defaults.read(fields, Defaults(), self.catalogue, self.complaints)
            reader = CaseReader(
                suite=id,
                folder=self.path.parent,
                defaults=defaults,
                catalogue=self.catalogue,
                lies=self.lies,
                complaints=self.complaints,
                ids=Ids("case", self.complaints),
            )
            nodes = fields.items("cases") if fields.require("cases") else ()
            cases = tuple(case for node in nodes for case in reader.read(node))
        return Suite(id=id, title=title or id, cases=cases, path=str(self.path))


def _natural(path: Path) -> list[tuple[int, str]]:
    """Section 4.5.2 before 4.5.10."""
    parts = re.split(r"(\d+)", str(path))
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
