"""How a server that shows mail is met: its address, who we are, TLS, and our patience."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from harness.errors import PeerError, Untrusted
from harness.protocol.sasl import Login
from harness.target import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One server."""

    address: Address
    login: Login | None
    folder: str
    context: Callable[[], ssl.SSLContext]  # made where it is needed, for that takes time
    server_name: str  # whose certificate it must be
    patience: float  # with each answer, in seconds

    def naming_context(self) -> ssl.SSLContext:
        """The TLS context for a library that takes the host for the server's name."""
        return cast("ssl.SSLContext", _Naming(self.context(), self.server_name))

    def problem(self, error: Exception) -> PeerError:
        """What went wrong there, in our words."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return Untrusted(
                f"{self.address.endpoint}: the certificate is not trusted: {error.verify_message}"
            )
        if isinstance(error, TimeoutError):
            return PeerError(f"{self.address.endpoint}: no answer for {self.patience:g} s")
        words = error.strerror if isinstance(error, OSError) else str(error)
        return PeerError(f"{self.address.endpoint}: {words or type(error).__name__}")


class _Naming:
    """A context that asks for a certificate of that name, whatever host it is told."""

    def __init__(self, context: ssl.SSLContext, name: str) -> None:
        self._context = context
        self._name = name

    def wrap_socket(self, sock: Any, **changed: Any) -> ssl.SSLSocket:
        """TLS over a socket."""
        return self._context.wrap_socket(sock, **{**changed, "server_hostname": self._name})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)
