"""Delivery status notifications: who is to be told of what, and how it is written."""

from reference_server.bounces.findings import Action, Finding, Original
from reference_server.bounces.notifying import LAST_RESORT, Notification, Office, due, notify

__all__ = [
    "LAST_RESORT",
    "Action",
    "Finding",
    "Notification",
    "Office",
    "Original",
    "due",
    "notify",
]
