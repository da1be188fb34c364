"""Octets over a connection, with patience, TLS and a log of what went there (trio)."""

from harness.wire.cuts import Cut, every, read_cut, whole
from harness.wire.dialing import dial
from harness.wire.log import Log, masked
from harness.wire.tls import Handshake, is_tls
from harness.wire.wire import Piece, Wire

__all__ = [
    "Cut",
    "Handshake",
    "Log",
    "Piece",
    "Wire",
    "dial",
    "every",
    "is_tls",
    "masked",
    "read_cut",
    "whole",
]
