"""Users and how they log in: what the server's end of SASL asks, kept in memory or in a file."""

from reference_server.users.file import FileUsers
from reference_server.users.memory import MemoryUsers

__all__ = ["FileUsers", "MemoryUsers"]
