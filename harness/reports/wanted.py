"""The reports that somebody wants: each a format, by its name, and a file or standard output.

Runs of suites and of load have a table of formats each; how one names what is in it is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from harness.errors import UsageError

R = TypeVar("R")  # what is told: a run of suites, or of load

STDOUT = Path("-")


@dataclass(frozen=True, slots=True)
class Format(Generic[R]):
    """How a run is told; a file with one of the suffixes is meant to be in this format."""

    tell: Callable[[R], str]
    suffixes: tuple[str, ...] = ()
    tell_all: Callable[[Sequence[R]], str] | None = None  # many runs in one report


@dataclass(frozen=True, slots=True)
class Formats(Generic[R]):
    """The formats that there are for what is told, by name."""

    by_name: Mapping[str, Format[R]]

    def report(self, name: str, path: Path) -> Report[R]:
        """The report in this format."""
        return Report(name=name, path=path, formats=self)

    def read(self, text: str) -> Report[R]:
        """The report in `FORMAT:FILE`, or in `FILE` whose suffix tells the format."""
        name, colon, file = text.partition(":")
        if colon and name in self.by_name and file:
            return self.report(name, Path(file))
        path = Path(text)
        for known, format in self.by_name.items():
            if path.suffix in format.suffixes:
                return self.report(known, path)
        raise UsageError(
            f"{text!r} does not say which format it is to be in: write one of "
            f"{', '.join(f'{known}:FILE' for known in self.by_name)}"
        )

    def of_many(self) -> Iterable[str]:
        """The names of those in which one report can tell of many runs."""
        return (name for name, format in self.by_name.items() if format.tell_all)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Generic[R]):
    """One report that is wanted: the format's name, and the file, or `-` for standard output."""

    name: str
    path: Path
    formats: Formats[R]

    def tell(self, result: R) -> str:
        """The run in this format."""
        return self.formats.by_name[self.name].tell(result)

    def tell_all(self, results: Sequence[R]) -> str:
        """All these runs in one report; raises UsageError if the format is about one."""
        if len(results) == 1:
            return self.tell(results[0])
        tell = self.formats.by_name[self.name].tell_all
        if tell is None:
            able = " and ".join(self.formats.of_many())
            raise UsageError(
                f"{self.name} is about one run, and there are {len(results)}: only {able} tell "
                "of many"
            )
        return tell(results)
