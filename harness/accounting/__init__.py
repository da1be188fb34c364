"""Mail accounting: what was accepted against what has arrived, as values; nothing here reads mail.

`Receipts` is for whoever sends, `Arrivals` for whoever reads what arrives, `account` for the end.
"""

from harness.accounting.arrivals import Arrivals, Mail, Sent
from harness.accounting.receipts import Accepted, Receipts, read_receipts
from harness.accounting.reconciling import account
from harness.accounting.waiting import Waiting, read_waiting

__all__ = [
    "Accepted",
    "Arrivals",
    "Mail",
    "Receipts",
    "Sent",
    "Waiting",
    "account",
    "read_receipts",
    "read_waiting",
]
