"""How long hypothesis looks, and what came of it: seconds in CI, minutes in `make nightly`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from tests.fuzz.conversation import Conversation
from tests.fuzz.volume import Tally

EXAMPLES = "SMTP_HARNESS_FUZZ_EXAMPLES"  # how many each property gets

TALLY = Tally()  # of this process


def profile() -> settings:
    """So many talks, with no deadline for any, because this machine may be busy."""
    return settings(
        max_examples=int(os.environ.get(EXAMPLES, "100")),
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def tried(talk: Conversation) -> None:
    """Count what was tried."""
    TALLY.add(talk)
