"""Command pipelining (RFC 2920): it adds no parameter, only leave to send in groups."""

from __future__ import annotations

from harness.protocol.extensions.model import Extension

PIPELINING = Extension(keyword="PIPELINING", rfc=2920)
