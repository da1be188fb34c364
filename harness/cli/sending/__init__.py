"""What `smtp-harness send` does: make a message, hold the session, tell of it."""

from harness.cli.sending.performing import perform
from harness.cli.sending.wishes import Wishes

__all__ = ["Wishes", "perform"]
