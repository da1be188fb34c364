"""What follows from the counts of a run, as plain values: for programs that know no histograms."""

from __future__ import annotations

from typing import Any

from harness.histogram import Histogram
from harness.load_results.moments import by_stage
from harness.load_results.saturation import saturation
from harness.load_results.values import LoadResult

PERCENTILES = (50, 90, 95, 99, 99.9)


def figures(result: LoadResult) -> dict[str, Any]:
    """Rates, shares, percentiles in microseconds, the exit status, the notice of saturation."""
    found: dict[str, Any] = {
        "exit_status": result.exit_status,
        "saturation": saturation(result),
        "rate": round(result.rate, 3),
        "failures": result.failures,
        "failed_share": round(result.failed_share, 6),
        "late": result.messages.late,
        "unsent": result.messages.unsent,
        "lost_generators": result.lost_generators,
        "latency": {name: _latency(phase) for name, phase in result.phases.items()},
        "stages": [
            {
                "name": it.stage.name,
                "users": it.met.users,
                "due": round(it.met.due, 3),
                "accepted": round(it.met.accepted, 3),
                "failures": it.met.failures,
                "held": it.met.held,
                **_latency(it.met.interval.latency),
            }
            for it in by_stage(result)
        ],
    }
    if result.accounting:
        found["delivery"] = _latency(result.accounting.latency)
    return found


def _latency(phase: Histogram) -> dict[str, float]:
    if not phase.count:
        return {"count": 0}
    shown = {f"p{percent:g}": phase.percentile(percent) for percent in PERCENTILES}
    return {"count": phase.count, "mean": round(phase.mean), **shown, "max": phase.greatest}
