"""Octets over a connection, with patience, TLS and a log of what went there (trio)."""

from harness.wire.cuts import Cut, every, read_cut, whole
from harness.wire.dialing import connect, dial
from harness.wire.log import Log, masked
from harness.wire.tls import Handshake, Tap, channel_bindings, handshake_error, is_tls
from harness.wire.wire import Piece, Wire

__all__ = [
    "Cut",
    "Handshake",
    "Log",
    "Piece",
    "Tap",
    "Wire",
    "channel_bindings",
    "connect",
    "dial",
    "every",
    "handshake_error",
    "is_tls",
    "masked",
    "read_cut",
    "whole",
]
