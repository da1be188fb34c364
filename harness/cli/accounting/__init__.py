"""Accounting for the mail of a load run: sinks and mailboxes are watched while the load goes on.

A thread of its own does it, with trio: whoever shows the load's progress has other things to do.
"""

from harness.cli.accounting.account import Account, accounting

__all__ = ["Account", "accounting"]
