"""Which cases a command line means: words of addresses, of the catalogue, files and folders.

rfc5321                       every case whose address begins with it
rfc5321/4.5.2/leading-dots    one case with all its rows, or with /row that row
'smuggling/*/lf.*'            every case whose address is like this
5321-4.5.2-3                  the cases that check this requirement
my.smtp.yaml  my-suites/      the user's own
my.smtp.yaml::greets          a case of it
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from harness.documents import Complaint, DocumentError, nearest
from harness.errors import UsageError
from harness.transcripts.catalogue import Catalogue
from harness.transcripts.loader import SUFFIX, find_suites, load_suite, shipped_suites
from harness.transcripts.model import Case, Suite

WITHIN = "::"  # parts a file from the case in it


def choose(selectors: Sequence[str]) -> list[Suite]:
    """The suites with the cases that are meant; without a selector all that we ship."""
    if not selectors:
        return list(_shipped())
    chosen: dict[str, Suite] = {}
    for selector in selectors:
        for suite in _meant(selector):
            before = chosen.get(suite.path)
            chosen[suite.path] = _joined(before, suite) if before else suite
    return list(chosen.values())


def load_all(paths: Iterable[Path]) -> list[Suite]:
    """Every suite, or one DocumentError with the complaints about all of them."""
    suites: list[Suite] = []
    complaints: list[Complaint] = []
    for path in paths:
        try:
            suites.append(load_suite(path))
        except DocumentError as error:
            complaints += error.complaints
    if complaints:
        raise DocumentError(complaints)
    return suites


def forget() -> None:
    """What was read of suites is read anew the next time."""
    _shipped.cache_clear()
    _read.cache_clear()


@cache
def _shipped() -> tuple[Suite, ...]:
    return tuple(load_all(find_suites(shipped_suites())))


def _meant(selector: str) -> list[Suite]:
    file, within, name = selector.partition(WITHIN)
    if within or file.endswith(SUFFIX):
        return _of_file(file, name, selector)
    found = _narrowed(_shipped(), lambda case: _is_named(case, selector))
    if not found and Path(selector).is_dir():
        found = load_all(find_suites(Path(selector)))
    if not found:
        raise UsageError(_nothing(selector))
    return found


def _of_file(file: str, name: str, selector: str) -> list[Suite]:
    path = Path(file)
    if not path.is_file():
        raise UsageError(f"there is no file {file}")
    suites = [_read(path, path.stat().st_mtime_ns)]
    if not name:
        return suites
    names = [case.address.removeprefix(f"{case.suite}/") for case in suites[0].cases]
    found = _narrowed(suites, lambda case: case.is_below(f"{case.suite}/{name}"))
    if not found:
        raise UsageError(f"no case is named {selector!r} ({nearest(name, names) or _few(names)})")
    return found


@cache
def _read(path: Path, changed: int) -> Suite:
    return load_suite(path)


def _is_named(case: Case, selector: str) -> bool:
    return (
        case.is_below(selector)
        or selector in case.checks
        or ("*" in selector and fnmatchcase(case.address, selector))
    )


def _narrowed(suites: Iterable[Suite], is_meant: Callable[[Case], bool]) -> list[Suite]:
    narrowed = (replace(suite, cases=tuple(filter(is_meant, suite.cases))) for suite in suites)
    return [suite for suite in narrowed if suite.cases]


def _joined(one: Suite, other: Suite) -> Suite:
    """Both selections of one file, in the file's order."""
    cases = {case.address: case for case in (*one.cases, *other.cases)}.values()
    return replace(one, cases=tuple(sorted(cases, key=lambda case: case.at.line)))


def _nothing(selector: str) -> str:
    if selector in Catalogue.load().entries:
        return f"no case checks {selector}; smtp-harness explain {selector} tells what it asks"
    hint = nearest(selector, _words()) or "smtp-harness list names them all"
    return f"no case is named {selector!r} ({hint})"


def _words() -> Iterator[str]:
    """Everything that a selector could be, but files."""
    for suite in _shipped():
        for case in suite.cases:
            parts = case.address.split("/")
            yield from ("/".join(parts[:size]) for size in range(1, len(parts) + 1))
            yield from case.checks


def _few(names: Sequence[str]) -> str:
    return f"there are: {', '.join(names[:12])}{', ...' if len(names) > 12 else ''}"
