"""What strace has written, as events: every thread's system calls in the order of their effects.

A call counts when it has returned, but a `say` counts when it begins: the client may have read it
before the call returns.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.reference_server.disks import EVERYTHING, Event

STRACE = shutil.which("strace")
_CALLS = "write,pwrite64,sendto,fsync,fdatasync,syncfs,rename,renameat,renameat2"


def command(record: Path) -> list[str]:
    """What to put before a command so that its system calls are recorded."""
    assert STRACE is not None
    return [STRACE, "-f", "-y", "-xx", "-s", "8192", "-o", str(record), "-e", f"trace={_CALLS}"]


def read(lines: Iterable[str]) -> Iterator[Event]:
    """The events of such a record."""
    begun: dict[str, str] = {}
    for line in lines:
        process, _, call = line.rstrip("\n").partition(" ")
        call = call.strip()
        if call.endswith("<unfinished ...>"):
            begun[process] = call.removesuffix("<unfinished ...>")
            yield from _said(begun[process])
        elif call.startswith("<... "):
            whole = begun.pop(process, "") + call.partition("resumed>")[2]
            yield from _done(whole)
        else:
            yield from _said(call)
            yield from _done(call)


def _said(call: str) -> Iterator[Event]:
    if call.startswith("sendto("):
        yield Event("say", octets=_octets(_STRING.findall(call)[-1]))


def _done(call: str) -> Iterator[Event]:
    """What a call has done; nothing if it failed or is none that we look at."""
    name, _, rest = call.partition("(")
    if not re.search(r"= [0-9]+$", rest):
        return
    place = _PLACE.match(rest)
    strings = [_octets(text) for text in _STRING.findall(rest)]
    match name:
        case "write" | "pwrite64" if place:
            yield Event("write", _octets(place[1]).decode(), octets=strings[-1])
        case "fsync" | "fdatasync" if place:
            yield Event("sync", _octets(place[1]).decode())
        case "syncfs":
            yield Event("sync", EVERYTHING)
        case "rename" | "renameat" | "renameat2":
            yield Event("rename", strings[0].decode(), strings[1].decode())


_PLACE = re.compile(r"[0-9]+<((?:\\x[0-9a-f]{2})*)>")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def _octets(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
