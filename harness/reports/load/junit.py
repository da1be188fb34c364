"""A load run as JUnit XML: a test case for each threshold, and one for the run having ended.

A threshold that was missed is a failure.  A run that was cut short, or measured nothing, is an
error: nobody can say what it would have found.

junit-xml drops control characters without a word, and XML forbids some that it lets through: so all
text is made harmless before.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

import junit_xml  # type: ignore[import-untyped]  # it ships no types

from harness.load_results import Judged, LoadResult, saturation
from harness.reports.junit import document
from harness.reports.load.findings import findings
from harness.reports.load.terminal import summary
from harness.reports.load.verdict import CUT, verdict
from harness.visible import harmless, one_line


def to_junit(result: LoadResult) -> str:
    """The run as a JUnit XML document."""
    suite = junit_xml.TestSuite(
        harmless(f"load {result.profile}"),
        [_of_the_run(result), *(_of(judged, result) for judged in result.thresholds)],
        timestamp=harmless(result.started),
        properties={name: harmless(value) for name, value in _properties(result)},
        stdout="\n".join(summary(result)),
    )
    element: ElementTree.Element = suite.build_xml_doc()
    for case in element.iter("testcase"):
        case.set("time", f"{result.seconds:.3f}")  # junit-xml leaves out a zero
    element.set("time", f"{result.seconds:.3f}")  # once: all cases are about the same time
    return document([element], result.seconds)


def _of_the_run(result: LoadResult) -> junit_xml.TestCase:
    case = _case("the run came to its end", result)
    if result.exit_status == 3:
        case.add_error_info("nothing was measured", _why(result))
    elif result.end in CUT:
        case.add_error_info(CUT[result.end], _why(result))
    return case


def _of(judged: Judged, result: LoadResult) -> junit_xml.TestCase:
    case = _case(judged.threshold, result)
    if not judged.met:
        case.add_failure_info(one_line(f"{judged.threshold}: found {judged.found}"), _why(result))
    return case


def _case(name: str, result: LoadResult) -> junit_xml.TestCase:
    classname = one_line(f"load.{result.profile}")
    return junit_xml.TestCase(name=one_line(name), classname=classname)


def _why(result: LoadResult) -> str:
    return "\n".join([verdict(result).title, *(finding.text for finding in findings(result))])


def _properties(result: LoadResult) -> Iterator[tuple[str, str]]:
    yield "target", result.target
    yield "greeting", result.greeting
    yield "profile", result.profile
    yield "seed", str(result.seed)
    yield "users", str(result.users)
    yield "end", result.end.value
    yield "accepted", str(result.messages.accepted)
    yield "rate", f"{result.rate:.1f}"
    yield "failures", str(result.failures)
    yield "late", str(result.messages.late)
    yield "unsent", str(result.messages.unsent)
    yield "saturation", saturation(result) or ""
    yield "smtp-harness", result.harness
