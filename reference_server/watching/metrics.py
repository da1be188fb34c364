"""Metrics: what is counted, and how Prometheus reads it (text format 0.0.4).

By hand, because counting is one line on the hot path, workers' counts go over a pipe, and the
format is forty lines; prometheus_client has locks, global registries and files for that.  Its
parser judges our tests.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from reference_server.http import Request, Response

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
PATH: Final = "/metrics"


class Kind(StrEnum):
    """What Prometheus may do with a number."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)  # found by identity: hashing is cheap
class Family:
    """Numbers of one name, told apart by their labels."""

    name: str
    kind: Kind = Kind.COUNTER
    about: str
    labels: tuple[str, ...] = ()


_PREFIX: Final = "smtp_harness_"
_WORKER: Final = "worker"
# Seconds: a disk that caches, a disk that syncs, a disk in trouble.
BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

CONNECTIONS: Final = Family(
    name="connections_total", about="Clients that came in.", labels=("door",)
)
OPEN: Final = Family(
    name="connections_open", kind=Kind.GAUGE, about="Clients that are here.", labels=("door",)
)
COMMANDS: Final = Family(name="commands_total", about="Commands answered.", labels=("verb",))
REPLIES: Final = Family(name="replies_total", about="Replies said.", labels=("code",))
MESSAGES: Final = Family(
    name="messages_total", about="Texts that ended, by what was said then.", labels=("code",)
)
OCTETS: Final = Family(name="message_octets_total", about="Content of accepted messages.")
RECEIVED: Final = Family(
    name="received_octets_total", about="Octets of all kinds, counted when a client leaves."
)
LOG_INS: Final = Family(
    name="log_ins_total", about="Log-ins, by how they ended.", labels=("mechanism", "outcome")
)
HANDSHAKES: Final = Family(
    name="tls_handshakes_total", about="TLS handshakes, by version or `failed`.", labels=("result",)
)
STORING: Final = Family(
    name="storing_seconds", kind=Kind.HISTOGRAM, about="From the end of a text to its reply."
)
QUEUED: Final = Family(name="queue_messages", kind=Kind.GAUGE, about="Messages that wait.")
WAITING: Final = Family(
    name="queue_recipients", kind=Kind.GAUGE, about="Recipients that messages wait for."
)
OLDEST: Final = Family(
    name="queue_oldest_seconds", kind=Kind.GAUGE, about="How long the oldest has waited."
)
OUTCOMES: Final = Family(
    name="relay_outcomes_total", about="What tries to deliver came to.", labels=("outcome",)
)

POP3_COMMANDS: Final = Family(
    name="pop3_commands_total", about="Commands of POP3, refused or not.", labels=("verb",)
)
POP3_LOG_INS: Final = Family(
    name="pop3_log_ins_total", about="Log-ins by POP3, by how they ended.", labels=("outcome",)
)
POP3_TOLD: Final = Family(name="pop3_retrievals_total", about="Messages told by RETR or TOP.")
POP3_DELETED: Final = Family(name="pop3_deletions_total", about="Messages that users deleted.")
POP3_RECEIVED: Final = Family(name="pop3_received_octets_total", about="Octets that clients sent.")
POP3_SENT: Final = Family(name="pop3_sent_octets_total", about="Octets sent to clients.")

FAMILIES: Final = (
    *(CONNECTIONS, OPEN, COMMANDS, REPLIES, MESSAGES, OCTETS, RECEIVED),
    *(LOG_INS, HANDSHAKES, STORING, QUEUED, WAITING, OLDEST, OUTCOMES),
    *(POP3_COMMANDS, POP3_LOG_INS, POP3_TOLD, POP3_DELETED, POP3_RECEIVED, POP3_SENT),
)

Labels = tuple[str, ...]
Source = Callable[[], Mapping[Labels, float]]


@dataclass(slots=True)
class Spread:
    """How many observations were within each bound, the last being infinity, and their sum."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """One more observation."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds


# One number or spread, by the names of its family and its labels; goes between processes as JSON.
Sample = tuple[str, Labels, float | tuple[list[int], float]]


class Metrics:
    """The numbers of one process."""

    def __init__(self) -> None:
        self._numbers: dict[Family, defaultdict[Labels, float]] = {
            family: defaultdict(float) for family in FAMILIES
        }
        self._spreads: dict[Family, defaultdict[Labels, Spread]] = {
            family: defaultdict(Spread) for family in FAMILIES if family.kind is Kind.HISTOGRAM
        }
        self._sources: dict[Family, Source] = {}

    def count(self, family: Family, *labels: str, by: float = 1) -> None:
        """Add to a number."""
        self._numbers[family][labels] += by

    def observe(self, family: Family, seconds: float, *labels: str) -> None:
        """Add an observation to a histogram."""
        self._spreads[family][labels].add(seconds)

    def ask(self, family: Family, source: Source) -> None:
        """Have numbers told by whoever knows them, each time that somebody looks."""
        self._sources[family] = source

    def samples(self) -> Iterator[Sample]:
        """All numbers as they are now."""
        for family, source in self._sources.items():
            for labels, number in source().items():
                yield family.name, labels, number
        for family, numbers in self._numbers.items():
            for labels, number in numbers.items():
                yield family.name, labels, number
        for family, spreads in self._spreads.items():
            for labels, spread in spreads.items():
                yield family.name, labels, (list(spread.counts), spread.total)


# --- the text format -----------------------------------------------------------------------------


def exposition(samples: Mapping[str, Iterable[Sample]]) -> bytes:
    """The samples as Prometheus reads them, by worker; the one of a process alone is ""."""
    by_name: dict[str, list[tuple[str, Sample]]] = defaultdict(list)
    for worker, theirs in samples.items():
        for sample in theirs:
            by_name[sample[0]].append((worker, sample))
    return "".join(
        f"{line}\n" for family in FAMILIES for line in _family(family, by_name[family.name])
    ).encode()


def _family(family: Family, samples: Iterable[tuple[str, Sample]]) -> Iterator[str]:
    name = _PREFIX + family.name
    yield f"# HELP {name} {family.about}"
    yield f"# TYPE {name} {family.kind}"
    for worker, (_, values, value) in samples:
        labels = dict(zip(family.labels, values, strict=True))
        if worker:
            # Labelled, not added up: when one is replaced its counters begin anew, and only who
            # knows which ones these are can tell a new beginning from a number that fell.
            labels[_WORKER] = worker
        if isinstance(value, tuple):
            yield from _spread(name, labels, *value)
        else:
            yield f"{name}{_braced(labels)} {_number(value)}"


def _spread(
    name: str, labels: Mapping[str, str], counts: Iterable[int], total: float
) -> Iterator[str]:
    so_far = 0
    for bound, count in zip((*BOUNDS, math.inf), counts, strict=True):
        so_far += count  # each bucket holds all below it
        yield f"{name}_bucket{_braced({**labels, 'le': _number(bound)})} {so_far}"
    yield f"{name}_sum{_braced(labels)} {_number(total)}"
    yield f"{name}_count{_braced(labels)} {so_far}"


def _braced(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return "+Inf" if value == math.inf else repr(int(value) if value == int(value) else value)


def respond(request: Request, samples: Mapping[str, Iterable[Sample]]) -> Response:
    """The answer to whoever scrapes, with the samples of each worker."""
    if request.path != PATH:
        return Response(status=404, body=f"there is {PATH} and nothing else\n".encode())
    if request.method not in ("GET", "HEAD"):
        return Response(status=405, body=b"only GET\n", fields={"Allow": "GET, HEAD"})
    return Response(body=exposition(samples), content_type=CONTENT_TYPE)
