"""Whatever stands in a result file: it is a load result that can be told, or it is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from harness.errors import UsageError
from harness.load_results import from_json, to_json
from harness.reports.load import FORMATS, progress, summary
from tests.reports.load_runs import breaking, lossy, stopped

ODD = (
    0, -1, 1e308, float("nan"), float("inf"), -5.5, 10**30, True, "", "x", "\0", "\ud800", "\udc80",
    None, [], {}, [[]],
)  # fmt: skip


def documents() -> list[dict[str, Any]]:
    made = [json.loads(to_json(run())) for run in (breaking, lossy, stopped)]
    for document in made:
        series = document["series"]
        series["intervals"] = dict(list(series["intervals"].items())[:4])
    return made


def places(value: Any, where: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value[:2])
    for name, child in children:
        yield (*where, name)
        if isinstance(child, (dict, list)):
            yield from places(child, (*where, name))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_whatever_a_member_is_no_report_breaks(seed: int):
    source = Random(seed)
    told = 0
    for document in documents():
        where = list(places(document))
        for _ in range(60):
            *way, last = source.choice(where)
            changed = json.loads(json.dumps(document))
            inner = changed
            for name in way:
                inner = inner[name]
            inner[last] = source.choice(ODD)
            told += _is_told(json.dumps(changed))

    assert 0 < told < 180, "some of it is a result, and some is not"


def _is_told(text: str) -> bool:
    try:
        result = from_json(text)
    except UsageError:
        return False
    summary(result)
    progress(result)
    for format in FORMATS.by_name.values():
        format.tell(result)
    return True


def changed(**members: Any) -> str:
    return json.dumps({**documents()[0], **members})


@pytest.mark.parametrize(
    "text",
    [
        changed(seconds=float("inf")),
        changed(seconds=float("nan")),
        changed(target="\ud800"),
        changed(stages=[{"name": "a", "begin": 0, "end": 1, "users": [1, 1], "rate": [5]}]),
        changed(series={"width": 0, "intervals": {}}),
        changed(series={"width": 1e300, "intervals": {}}),
        changed(series={"width": 1, "intervals": {"1000000000000": {}}}),
        changed(series={"width": 1, "intervals": {"-1": {}}}),
        changed(phases={"message": {
            "count": 2, "total": 9, "least": 9, "greatest": 9, "buckets": [[9, 1]],
        }}),
        changed(phases={"message": {
            "count": 1, "total": 9, "least": 10, "greatest": 9, "buckets": [[9, 1]],
        }}),
        changed(phases={"message": {
            "count": 1, "total": "x", "least": 9, "greatest": 9, "buckets": [[9, 1]],
        }}),
    ],
)  # fmt: skip
def test_what_no_run_can_have_measured_is_refused(text: str):
    with pytest.raises(UsageError, match="not a load result"):
        from_json(text)
