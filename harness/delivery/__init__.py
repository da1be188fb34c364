"""Reading back what was delivered: where it is, what the store did to it, how it differs."""

from harness.delivery.compare import Difference, Wanted, compare
from harness.delivery.message import Stored
from harness.delivery.post import Post, Reader

__all__ = ["Difference", "Post", "Reader", "Stored", "Wanted", "compare"]
