"""The order in which things are done to a disk and said to a client, and what is wrong with it.

A killed process loses no page cache, so no kill can show that a sync is missing: this does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from tests.reference_server.disks import EVERYTHING, Event

_ACCEPTED = re.compile(rb"^250 2\.0\.0 Message accepted for delivery as (\S+)\r\n", re.MULTILINE)


def promises(events: Sequence[Event]) -> list[tuple[int, bytes]]:
    """The messages that were said to be accepted: when, and under which id."""
    return [
        (n, id)
        for n, event in enumerate(events)
        if event.what == "say"
        for id in _ACCEPTED.findall(event.octets)
    ]


def broken_promises(events: Sequence[Event]) -> list[str]:
    """What was not on disk when it was said to be."""
    wrong: list[str] = []
    for said, id in promises(events):
        before = events[:said]
        written = {
            event.path
            for event in before
            if event.what == "write" and b" id %s" % id in event.octets
        }
        if not written:
            wrong.append(f"{id.decode()}: written nowhere")
        for path in sorted(written):
            wrong += [f"{id.decode()}: {words}" for words in _missing(before, path)]
    return wrong


def _missing(before: Sequence[Event], path: str) -> list[str]:
    """What a file's way into a mailbox lacks."""
    missing = []
    synced = _first(before, "sync", path, after=_last(before, "write", path))
    renamed = _last(before, "rename", path)
    if synced is None:
        missing.append(f"{path} is not synced")
    if renamed is None:
        return [*missing, f"{path} has no name in new/"]
    if synced is not None and renamed < synced:
        missing.append(f"{path} has its name before it is synced")
    new = str(PurePath(before[renamed].to).parent)
    if _first(before, "sync", new, after=renamed) is None:
        missing.append(f"{new} is not synced")
    return missing


def _last(events: Sequence[Event], what: str, path: str) -> int | None:
    """When that was done last, if ever."""
    return max(_all(events, what, path), default=None)


def _first(events: Sequence[Event], what: str, path: str, *, after: int | None) -> int | None:
    """When that was done first after something else, if ever."""
    assert after is not None
    return min((n for n in _all(events, what, path) if n > after), default=None)


def _all(events: Sequence[Event], what: str, path: str) -> list[int]:
    places = (path, EVERYTHING)
    return [n for n, event in enumerate(events) if event.what == what and event.path in places]
