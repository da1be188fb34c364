"""Load results as files: parts in lines while a run goes on, one object in the end.

A file holds one JSON object or more, one a line, each of them a part that `together` adds to those
before it: so a run that is cut short keeps what it wrote, even in the middle of a line, and files
of several runs of one target may be joined by `cat`.  FORMAT changes when a reader would notice.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import math
import os
import types
import typing
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Final

from harness.errors import UsageError
from harness.histogram import Histogram
from harness.json_reading import read_json
from harness.load_results.adding import together
from harness.load_results.figures import figures
from harness.load_results.series import Series
from harness.load_results.values import LoadResult

FORMAT: Final = "smtp-harness-load/2"
_FOLLOWS: Final = "figures"  # the member that is not read again: it follows from the others
_LONGEST: Final = 1 << 24  # seconds, or intervals
_NOT_OURS: Final = "this is not a load result of smtp-harness"


def to_json(result: LoadResult) -> str:
    """The result as one line with one JSON object."""
    # In one line: only so is json written in C, and this happens while latencies are measured.
    return json.dumps({"format": FORMAT, **_plain(result)}) + "\n"


def to_document(result: LoadResult) -> str:
    """The result of a run that is over, with what follows from the counts, for other programs."""
    document = {"format": FORMAT, _FOLLOWS: figures(result), **_plain(result)}
    return json.dumps(document) + "\n"


def is_load_result(text: str) -> bool:
    """Whether this is meant to be a load result, of whatever version."""
    return f'"{FORMAT.partition("/")[0]}/' in text[:200]


def from_json(text: str) -> LoadResult:
    """The result that `to_json` wrote, in one or more lines; a UsageError for something else.

    Of a generator that was killed while it wrote there may be half a line at the end, of what
    nobody can know the rest: that is passed over.
    """
    *whole, last = text.split("\n")
    lines = [*whole, last] if _is_json(last) or not any(map(str.strip, whole)) else whole
    parts = [_numbered(at, line) for at, line in enumerate(lines, 1) if line.strip()]
    if not parts:
        raise UsageError(_NOT_OURS)
    return functools.reduce(together, parts)


def _is_json(line: str) -> bool:
    try:
        read_json(line)
    except ValueError:
        return False
    return True


def _numbered(at: int, line: str) -> LoadResult:
    try:
        return _part(line)
    except UsageError:
        raise
    except (ValueError, AttributeError, LookupError, TypeError, OverflowError):
        where = f"line {at}: " if at > 1 else ""
        raise UsageError(f"{where}{_NOT_OURS}") from None


def write(result: LoadResult, path: Path) -> None:
    """Put the result at `path`: a reader meets the old one or the new one, never half of one."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_text(to_json(result), encoding="utf-8")
    beside.replace(path)


def read(path: Path) -> LoadResult:
    """The result at `path`."""
    return from_json(path.read_text(encoding="utf-8"))


def _part(line: str) -> LoadResult:
    values = read_json(line)
    values.pop(_FOLLOWS, None)
    found = values.pop("format")
    if found != FORMAT:
        raise UsageError(f"this is a {found}, and I read {FORMAT}")
    made = _made(LoadResult, values)
    assert isinstance(made, LoadResult)
    if not _is_in_bounds(made.series):
        raise ValueError("no run takes so long")
    return made


def _is_in_bounds(series: Series) -> bool:
    """Whether its intervals are those of a run: reports go through them one by one."""
    first, last = min(series.intervals, default=0), max(series.intervals, default=0)
    return 0 < series.width <= _LONGEST and 0 <= first <= last <= _LONGEST


def _plain(value: Any) -> Any:
    if isinstance(value, Histogram):
        return value.to_json()
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value


def _made(wanted: Any, value: Any) -> Any:
    """The value that `_plain` described, of this type."""
    if wanted is Histogram:
        return Histogram.from_json(value)
    if isinstance(wanted, type) and dataclasses.is_dataclass(wanted):
        hints = _hints(wanted)
        return wanted(**{name: _made(hints[name], each) for name, each in value.items()})
    origin, inner = typing.get_origin(wanted), typing.get_args(wanted)
    if origin is types.UnionType:  # of a type and None
        return None if value is None else _made(inner[0], value)
    if origin is tuple:
        each_is = itertools.repeat(inner[0], len(value)) if inner[-1] is Ellipsis else inner
        return tuple(_made(one, each) for one, each in zip(each_is, value, strict=True))
    if origin is not None:
        return {inner[0](name): _made(inner[1], each) for name, each in value.items()}
    if not isinstance(value, _WRITTEN.get(wanted, (str,))):
        raise TypeError(f"{value!r} is no {wanted}")
    if isinstance(value, str):
        value.encode("utf-8", "surrogateescape")  # an octet may stand in it, no half a character
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value!r} was never counted")
    return wanted(value)


_WRITTEN: Final[Mapping[Any, tuple[type, ...]]] = {
    int: (int,),
    float: (int, float),
    bool: (bool,),
    str: (str,),
}  # and an enumeration as str


@functools.cache
def _hints(wanted: Any) -> dict[str, Any]:
    return typing.get_type_hints(wanted)
