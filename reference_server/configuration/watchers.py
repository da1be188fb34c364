"""Who watches a server: the scribe of its log, the counter of its metrics."""

from __future__ import annotations

from reference_server.configuration.relays import World
from reference_server.relay.relay import Relay
from reference_server.watching.counting import Counter, queue_sources
from reference_server.watching.log import Log
from reference_server.watching.metrics import Metrics
from reference_server.watching.scribe import Scribe
from reference_server.watching.visits import Watcher


def make_watchers(log: Log | None, metrics: Metrics | None) -> tuple[Watcher, ...]:
    """Those that there is something for."""
    scribes = () if log is None else (Scribe(log),)
    counters = () if metrics is None else (Counter(metrics),)
    return (*scribes, *counters)


def make_metrics(relay: Relay | None, world: World) -> Metrics:
    """Metrics that ask the relay how things stand with the queue."""
    metrics = Metrics()
    if relay is not None:
        for family, source in queue_sources(relay.standing, world.now).items():
            metrics.ask(family, source)
    return metrics
