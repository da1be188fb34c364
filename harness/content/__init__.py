"""The content of a message as it arrived: its fields, and where below them stands what was sent.

Nothing here reads anything but octets.
"""

from harness.content.arrived import begin_of
from harness.content.message import Field, Message, is_header, read_message

__all__ = ["Field", "Message", "begin_of", "is_header", "read_message"]
