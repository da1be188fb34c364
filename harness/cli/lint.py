"""`smtp-harness lint`: every mistake in every file, in one go and without a server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import click

from harness.cli.choosing import choose
from harness.cli.embedded import known_faults
from harness.documents import Complaint, Complaints, DocumentError, Place, render
from harness.errors import UsageError
from harness.runner.known import read_deviations
from harness.target import read_target
from harness.transcripts.catalogue import Catalogue
from harness.transcripts.linting import lint as lint_suites
from harness.transcripts.loader import find_suites, shipped_suites
from harness.transcripts.untested import UNTESTED, read_untested

SUITE = ".smtp.yaml"
YAML = (".yaml", ".yml")


@click.command(short_help="Find mistakes in suites and other files of ours.")
@click.argument("places", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
def lint(places: tuple[Path, ...]) -> int:
    """Find mistakes in suites, targets, known deviations, load profiles and server configurations.

    A file's name tells what it is: *.smtp.yaml is a suite; a name that holds `target` or `known`
    is one of those, `serve` a configuration of the reference server, `faults` a table of its
    accidents, `untested` reasons for requirements without a case, `profile` a load profile, which
    every file in a folder `profiles` is as well. A folder stands for all such
    files below it. Without FILE: what comes with smtp-harness.

    Exit status: 0 when nothing is wrong (warnings are not), else 2.
    """
    files = _files(places or _shipped())
    if not files:
        raise UsageError(f"no file of ours is under {', '.join(map(str, places))}")
    complaints = list(_complaints(files))
    for complaint in complaints:
        click.echo(f"{render(complaint)}\n")
    wrong = sum(not complaint.warning for complaint in complaints)
    click.echo(_summary(len(files), wrong, len(complaints) - wrong))
    return 2 if wrong else 0


def _summary(files: int, wrong: int, warnings: int) -> str:
    counts = [_counted(files, "file")]
    counts += [_counted(wrong, "error")] if wrong else []
    counts += [_counted(warnings, "warning")] if warnings else []
    return ", ".join(counts if len(counts) > 1 else [*counts, "nothing wrong"])


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _shipped() -> tuple[Path, ...]:
    from loadtests.profile import shipped

    return shipped_suites(), *shipped().values()


def _files(places: Iterable[Path]) -> list[Path]:
    """Files as they are, and what is ours under folders."""
    found: dict[Path, None] = {}
    for place in places:
        if not place.exists():
            raise UsageError(f"there is no file {place}")
        below = [place]
        if place.is_dir():
            others = (p for p in sorted(place.rglob("*")) if _reader(p) and p.is_file())
            below = [*find_suites(place), *others]
        found.update(dict.fromkeys(below))
    return list(found)


def _complaints(files: Iterable[Path]) -> Iterator[Complaint]:
    others = [path for path in files if not path.name.endswith(SUITE)]
    suites = [path for path in files if path.name.endswith(SUITE)]
    yield from lint_suites(suites, lies=known_faults())
    for path in others:
        yield from _complaints_of(path)


def _complaints_of(path: Path) -> Iterable[Complaint]:
    read = _reader(path)
    at = Place(str(path), 1)
    if read is None:
        return [Complaint(at, "its name does not tell what it is", "see smtp-harness lint --help")]
    try:
        read(str(path))
    except DocumentError as error:
        return error.complaints
    except UsageError as error:
        return [Complaint(at, str(error))]
    return []


def _reader(path: Path) -> Callable[[str], object] | None:
    """What reads a file that is no suite; the name of the file decides."""
    if path.suffix not in YAML or path.name.endswith(SUITE):
        return None
    if path.name == UNTESTED:
        return _read_untested
    if "target" in path.stem:
        return read_target
    if "known" in path.stem:
        return _read_known
    if "serve" in path.stem:
        return _read_config
    if "faults" in path.stem:
        return _read_faults
    is_profile = "profile" in path.stem or path.parent.name == "profiles"
    return _read_profile if is_profile else None


def _read_profile(path: str) -> None:
    from loadtests.profile import read_profile

    read_profile(path)


def _read_config(path: str) -> None:
    from reference_server.configuration import read_config

    read_config(Path(path))


def _read_faults(path: str) -> None:
    from reference_server.faults.reading import read_table

    read_table(Path(path))


def _read_known(path: str) -> None:
    """Known deviations, each of which must be one of a case that we ship."""
    complaints = Complaints()
    addresses = [case.address for suite in choose(()) for case in suite.cases]
    read_deviations(path, complaints, addresses)
    complaints.raise_errors()


def _read_untested(path: str) -> None:
    complaints = Complaints()
    read_untested(path, complaints, Catalogue.load())
    complaints.raise_errors()
