"""The run as SARIF 2.1.0, for dashboards of code scanners: a rule a case, a result an unmet one.

Meant for the security suites, where a finding outlives a run: what a known deviation explains is
there and suppressed, and a vulnerability carries the severity that dashboards sort by.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from harness.reports.story import as_text, headline, short_story, source_of
from harness.results import Grade, Outcome, Requirement, RunResult, Verdict
from harness.visible import harmless

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
RFC_EDITOR = "https://www.rfc-editor.org/rfc/rfc"
SEVERE = "8.0"  # of ten: an attacker reaches it over the network, and it is mail that he forges
_LEVELS = {
    Verdict.FAIL: "error",
    Verdict.WARN: "warning",
    Verdict.INFO: "note",
    Verdict.KNOWN: "warning",
}


def to_sarif(result: RunResult) -> str:
    """The run as a SARIF log with one run in it."""
    unmet = [outcome for outcome in result.outcomes if outcome.verdict in _LEVELS]
    driver = {
        "name": "smtp-harness",
        "version": result.harness,
        "rules": [_rule(outcome) for outcome in result.outcomes],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [_invocation(result)],
        "columnKind": "unicodeCodePoints",
        "results": [_result(outcome) for outcome in unmet],
        "properties": {"target": harmless(result.target), "greeting": harmless(result.greeting)},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _invocation(result: RunResult) -> dict[str, Any]:
    """Whether all was judged; what was not is a notification, so that silence is no proof."""
    return {
        "executionSuccessful": not result.interrupted and not result.tally[Verdict.ERROR],
        "startTimeUtc": result.started.replace("+00:00", "Z"),
        "toolExecutionNotifications": [
            {
                "level": "error",
                "message": {"text": headline(outcome)},
                "associatedRule": {"id": outcome.address},
            }
            for outcome in result.outcomes
            if outcome.verdict is Verdict.ERROR
        ],
    }


def _rule(outcome: Outcome) -> dict[str, Any]:
    sources = [source_of(it.rfc, it.section, it.level) for it in outcome.requirements]
    properties: dict[str, Any] = {"tags": _tags(outcome), "grade": outcome.grade.value}
    if outcome.grade is Grade.VULNERABILITY:
        properties["security-severity"] = SEVERE
    rule: dict[str, Any] = {
        "id": outcome.address,
        "shortDescription": {"text": harmless(outcome.title)},
        "fullDescription": {"text": _sentences(outcome.requirements) or harmless(outcome.title)},
        "help": {"text": "; ".join(sources) or outcome.grade.value},
        "properties": properties,
    }
    pages = [it for it in outcome.requirements if it.rfc.isdigit()]
    if pages:
        rule["helpUri"] = f"{RFC_EDITOR}{pages[0].rfc}#section-{pages[0].section}"
    return rule


def _tags(outcome: Outcome) -> list[str]:
    security = ["security"] if outcome.grade is Grade.VULNERABILITY else []
    return [*security, *dict.fromkeys(f"rfc{it.rfc}" for it in outcome.requirements)]


def _sentences(requirements: Iterable[Requirement]) -> str:
    return " ".join(harmless(requirement.text) for requirement in requirements)


def _result(outcome: Outcome) -> dict[str, Any]:
    spot = outcome.surprise.at if outcome.surprise else outcome.at
    place = {
        "artifactLocation": {"uri": PurePath(harmless(spot.path)).as_posix().lstrip("/")},
        "region": {"startLine": max(spot.line, 1)},
    }
    found: dict[str, Any] = {
        "ruleId": outcome.address,
        "level": _LEVELS[outcome.verdict],
        "message": {"text": f"{headline(outcome)}\n\n{as_text(short_story(outcome))}"},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"address/v1": outcome.address},
    }
    if outcome.verdict is Verdict.KNOWN:
        reason = harmless(outcome.reason)
        found["suppressions"] = [{"kind": "external", "justification": reason}]
    return found
