"""`fetch`, piece by piece: what is wished, the session, where messages are kept, what is told."""

from harness.cli.fetching.performing import perform
from harness.cli.fetching.wishes import Wishes

__all__ = ["Wishes", "perform"]
