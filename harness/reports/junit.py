"""The run as JUnit XML: unmet at the level is a failure, what could not be judged an error.

junit-xml builds the elements.  It drops control characters without a word and counts a failure
without text as a pass, so all text comes escaped (story.py) and headlines are never empty.
Properties of a case and the order of attributes it cannot do: those go on through its element tree.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from xml.etree import ElementTree

import junit_xml  # type: ignore[import-untyped]  # it ships no types

from harness.reports.story import as_text, headline, short_story, story
from harness.results import Level, Outcome, RunResult, Verdict
from harness.visible import harmless

_COUNTED = ("tests", "failures", "errors", "skipped")


def to_junit(result: RunResult, *, level: Level | None = None) -> str:
    """The run as a JUnit XML document; `level` stands in for the run's own."""
    suites = groupby(result.outcomes, key=lambda outcome: outcome.group)
    meant = level or result.level
    return document(
        (_suite(name, list(outcomes), result, meant) for name, outcomes in suites), result.seconds
    )


def document(suites: Iterable[ElementTree.Element], seconds: float) -> str:
    """Suites as one XML document that counts what is in them; they took so long."""
    root = ElementTree.Element("testsuites", {"name": "smtp-harness"})
    root.extend(suites)
    for name in _COUNTED:
        root.set(name, str(sum(int(suite.get(name, 0)) for suite in root)))
    root.set("time", f"{seconds:.3f}")
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(
    name: str, outcomes: list[Outcome], result: RunResult, level: Level
) -> ElementTree.Element:
    suite = junit_xml.TestSuite(
        harmless(name),
        [_case(outcome, level) for outcome in outcomes],
        timestamp=harmless(result.started),
        properties={name: harmless(value) for name, value in _properties_of_run(result).items()},
    )
    element: ElementTree.Element = suite.build_xml_doc()
    for case, outcome in zip(element.iter("testcase"), outcomes, strict=True):
        case.set("time", f"{outcome.seconds:.3f}")  # junit-xml leaves out a zero
        case.insert(0, _properties(_properties_of_case(outcome)))
    return element


def _case(outcome: Outcome, level: Level) -> junit_xml.TestCase:
    case = junit_xml.TestCase(
        name=harmless(outcome.name),
        classname=harmless(outcome.group),
        elapsed_sec=outcome.seconds,
        file=harmless(outcome.at.path),
        line=outcome.at.line,
        stdout=_told(outcome),
    )
    message = headline(outcome)
    assert message, "junit-xml would count a failure without a message as a pass"
    if level.is_failed_by(outcome.verdict):
        case.add_failure_info(message, as_text(short_story(outcome)), outcome.grade.value)
    elif outcome.verdict is Verdict.ERROR:
        case.add_error_info(message, as_text(short_story(outcome)))
    elif outcome.verdict is Verdict.SKIP:
        case.add_skipped_info(message)
    return case


def _told(outcome: Outcome) -> str | None:
    return as_text(story(outcome)) if outcome.exchanges or outcome.surprise else None


def _properties_of_run(result: RunResult) -> dict[str, str]:
    return {
        "target": result.target,
        "greeting": result.greeting,
        "seed": str(result.seed),
        "segment": result.segment,
        "level": result.level.value,
        "interrupted": str(result.interrupted).lower(),
        "smtp-harness": result.harness,
    }


def _properties_of_case(outcome: Outcome) -> Iterable[tuple[str, str]]:
    yield "verdict", outcome.verdict.value
    yield "grade", outcome.grade.value
    yield "title", outcome.title
    for requirement in outcome.requirements:
        yield "requirement", requirement.id
        yield "rfc", f"{requirement.rfc}#{requirement.section}"
    for port in outcome.ports:
        yield "local-port", str(port)


def _properties(pairs: Iterable[tuple[str, str]]) -> ElementTree.Element:
    element = ElementTree.Element("properties")
    for name, value in pairs:
        ElementTree.SubElement(element, "property", {"name": name, "value": harmless(value)})
    return element
