"""What a load run measured, as a versioned value; every report and exit status reads nothing else.

It holds counts, never rates or percentiles alone, so what several processes counted, or one of them
in several seconds, adds up (`together`).
"""

from harness.load_results.adding import together
from harness.load_results.document import (
    FORMAT,
    from_json,
    is_load_result,
    read,
    to_document,
    to_json,
    write,
)
from harness.load_results.following import Follower
from harness.load_results.moments import (
    Moment,
    Staged,
    around_the_break,
    at,
    by_stage,
    moments,
    planned,
    stage_at,
    total,
)
from harness.load_results.saturation import saturation
from harness.load_results.series import Interval, Series
from harness.load_results.values import (
    LATE,
    Accounting,
    Break,
    End,
    Generator,
    Judged,
    LoadResult,
    Messages,
    Misfortune,
    Stage,
    Trouble,
    UnderLoad,
)

__all__ = [
    "FORMAT",
    "LATE",
    "Accounting",
    "Break",
    "End",
    "Follower",
    "Generator",
    "Interval",
    "Judged",
    "LoadResult",
    "Messages",
    "Misfortune",
    "Moment",
    "Series",
    "Stage",
    "Staged",
    "Trouble",
    "UnderLoad",
    "around_the_break",
    "at",
    "by_stage",
    "from_json",
    "is_load_result",
    "moments",
    "planned",
    "read",
    "saturation",
    "stage_at",
    "to_document",
    "to_json",
    "together",
    "total",
    "write",
]
