"""pytest collects suites: each case of a *.smtp.yaml file is a test.

    pytest suites/ --smtp-target target.yaml

Every pytest run of an environment that has smtp-harness imports this module, so it is tiny, its
name is nobody else's, and it imports the rest when there is a suite to collect.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.cli.bench import Bench
    from harness.results import Outcome
    from harness.transcripts.model import Case

SUFFIX = ".smtp.yaml"
GRADES = ("must", "should", "may", "de_facto", "vulnerability")
_RESOURCES: pytest.StashKey[contextlib.ExitStack] = pytest.StashKey()
_BENCH: pytest.StashKey[Bench] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Our options; pytest-locust owns --host and -H."""
    group = parser.getgroup("smtp-harness")
    group.addoption(
        "--smtp-target",
        metavar="TARGET",
        help="host[:port], URL or YAML file of the server that *.smtp.yaml suites are run against; "
        "without it our own reference server is started",
    )
    group.addoption(
        "--smtp-level",
        choices=["must", "should"],
        default="must",
        help="from which grade on an unmet case fails",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register our marks, and a place for what lives as long as this process."""
    _check_target(config.getoption("--smtp-target"))
    for grade in GRADES:
        word = grade.replace("_", "-")
        config.addinivalue_line("markers", f"smtp_{grade}: a case of an SMTP suite, grade {word}")
    config.stash[_RESOURCES] = contextlib.ExitStack()


def _check_target(target: str | None) -> None:
    """A target that cannot be read is wrong use, told once, and no failure of each case."""
    if target is not None:
        from harness.errors import UsageError
        from harness.target import read_target

        try:
            read_target(target)
        except UsageError as error:
            raise pytest.UsageError(
                f"--smtp-target: {str(error).removeprefix('error: ')}"
            ) from None


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop our own server, if it was started."""
    if _RESOURCES in config.stash:
        config.stash[_RESOURCES].close()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SuiteFile | None:
    """A suite is a file of tests."""
    if file_path.name.endswith(SUFFIX):
        return SuiteFile.from_parent(parent, path=file_path)
    return None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell what was unmet and yet did not fail."""
    told = [
        text
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, text in getattr(report, "user_properties", ())
        if name == "smtp-note" and report.when == "call"
    ]
    if told:
        terminalreporter.section("smtp-harness: unmet, but not failed")
        for text in told:
            terminalreporter.write_line(text)


def _bench(config: pytest.Config) -> Bench:
    """What cases are played on: made when the first one needs it."""
    from harness.cli.bench import open_bench

    if _BENCH not in config.stash:
        target, level = config.getoption("--smtp-target"), config.getoption("--smtp-level")
        config.stash[_BENCH] = config.stash[_RESOURCES].enter_context(open_bench(target, level))
    return config.stash[_BENCH]


class SuiteFile(pytest.File):
    """One suite."""

    def collect(self) -> Iterator[CaseItem]:
        """Its cases; a bad file is a collection error in the words of `smtp-harness lint`."""
        from harness.documents import DocumentError
        from harness.transcripts.loader import load_suite

        try:
            suite = load_suite(self.path)
        except DocumentError as error:
            raise self.CollectError(str(error)) from None
        for case in suite.cases:
            name = case.address.removeprefix(f"{case.suite}/")
            yield CaseItem.from_parent(self, name=name, case=case)


class Unmet(Exception):
    """A case that fails, with its outcome."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.address)
        self.outcome = outcome


class CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, case: Case, **options: Any) -> None:
        from harness.runner.judge import grade_of
        from harness.transcripts.catalogue import Catalogue

        super().__init__(**options)
        self.case = case
        self.add_marker(f"smtp_{grade_of(case, Catalogue.load()).lower().replace('-', '_')}")
        self.extra_keyword_matches |= {case.address, case.title}

    def runtest(self) -> None:
        """Play it, and make of the verdict what pytest understands."""
        from harness.reports.story import as_text, headline, story
        from harness.results import Verdict

        bench = _bench(self.config)
        outcome = bench.play(self.case)
        self.user_properties += _properties(outcome)
        if outcome.verdict is Verdict.SKIP:
            pytest.skip(outcome.reason)
        if outcome.verdict is Verdict.ERROR or bench.level.is_failed_by(outcome.verdict):
            raise Unmet(outcome)
        if outcome.verdict is not Verdict.MET:
            note = f"{outcome.verdict.upper()} {outcome.address}: {headline(outcome)}"
            self.user_properties.append(("smtp-note", note))
            self.add_report_section("call", "smtp", as_text(story(outcome)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The same story that `smtp-harness run` tells."""
        from harness.errors import HarnessError
        from harness.reports.story import as_text, story

        if isinstance(excinfo.value, Unmet):
            return as_text(story(excinfo.value.outcome))
        if isinstance(excinfo.value, HarnessError):
            return f"error: {excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the author wrote it; pytest counts lines from 0."""
        return self.path, self.case.at.line - 1, self.case.address


def _properties(outcome: Outcome) -> Iterable[tuple[str, object]]:
    """For JUnit files that pytest writes."""
    yield "smtp-address", outcome.address
    yield "smtp-verdict", outcome.verdict.value
    yield from (("smtp-requirement", requirement.id) for requirement in outcome.requirements)
