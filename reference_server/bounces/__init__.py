"""Delivery status notifications: who is to be told of what, and how it is written."""

from reference_server.bounces.findings import Action, Finding, Original, to_tell
from reference_server.bounces.notifying import Notification, Office, notify

__all__ = ["Action", "Finding", "Notification", "Office", "Original", "notify", "to_tell"]
