"""The reference client: sending flows over a wire (trio)."""

from harness.client.drive import drive

__all__ = ["drive"]
