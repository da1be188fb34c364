"""Reading back what was delivered: where it is, what the store did to it, how it differs."""

from harness.delivery.compare import Difference, Wanted, compare
from harness.delivery.post import Post, Reader
from harness.delivery.stored import Stored

__all__ = ["Difference", "Post", "Reader", "Stored", "Wanted", "compare"]
