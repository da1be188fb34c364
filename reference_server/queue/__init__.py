"""The queue: mail for elsewhere, and mail that is not due yet; what it took survives any crash."""

from reference_server.queue.items import (
    Change,
    Fate,
    Item,
    Queue,
    QueuedRecipient,
    Submitted,
    Wishes,
)

__all__ = ["Change", "Fate", "Item", "Queue", "QueuedRecipient", "Submitted", "Wishes"]
