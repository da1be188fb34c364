"""What the server says: single lines, and lists that a lone dot ends (RFC 1939 3)."""

from __future__ import annotations

from collections.abc import Iterable

from harness.protocol.transparency import stuff


class Voice:
    """Collects responses until they are sent, and counts the refusals among them."""

    def __init__(self) -> None:
        self.errors = 0
        self._output: list[bytes] = []

    def ok(self, text: str) -> None:
        """Yes, and why."""
        self._output.append(f"+OK {text}\r\n".encode())

    def err(self, text: str) -> None:
        """No, and why."""
        self.errors += 1
        self._output.append(f"-ERR {text}\r\n".encode())

    def challenge(self, text: str) -> None:
        """What a client has to answer (RFC 5034 4)."""
        self._output.append(f"+ {text}\r\n".encode())

    def content(self, octets: bytes) -> None:
        """What stands below a yes, with the dot that ends it."""
        self._output.append(stuff(octets))

    def lines(self, lines: Iterable[str]) -> None:
        """A list below a yes."""
        self.content("".join(f"{line}\r\n" for line in lines).encode())

    def take(self) -> bytes:
        """All that is to be sent now."""
        output, self._output = self._output, []
        return b"".join(output)
