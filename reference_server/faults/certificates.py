"""Certificates that are wrong on purpose, made when they are first shown."""

from __future__ import annotations

import ssl
from pathlib import Path

from harness.certificates import misissued, self_signed, server_context
from reference_server.faults.model import Certificate

OTHER_NAME = "other-name.invalid"


class Certificates:
    """TLS contexts by what is wrong with them; `directory` is where the right certificate may be.

    A wrong one has the right one's key and issuer if we made that; else it vouches for itself.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._own = directory / "faults"
        self._contexts: dict[Certificate, ssl.SSLContext] = {}

    def context(
        self, wrong: Certificate | None, right: ssl.SSLContext | None
    ) -> ssl.SSLContext | None:
        """The context to shake hands with; the right one if nothing is to be wrong."""
        if wrong is None:
            return right
        if wrong not in self._contexts:
            self._contexts[wrong] = self._make(wrong)
        return self._contexts[wrong]

    def _make(self, wrong: Certificate) -> ssl.SSLContext:
        certificate, key = self._directory / "cert.pem", self._directory / "key.pem"
        if not (certificate.exists() and key.exists()):
            certificate, key = self_signed(["localhost", "127.0.0.1"], self._own)
        self._own.mkdir(parents=True, exist_ok=True)
        path = misissued(
            self._own / f"{wrong}.pem",
            by=(certificate, key),
            names=[OTHER_NAME] if wrong is Certificate.OTHER_NAME else (),
            expired=wrong is Certificate.EXPIRED,
        )
        return server_context(path, key)
