"""How much a receiver keeps of what its client said, whatever its fields are called."""

from __future__ import annotations

import gc
from enum import Enum
from types import BuiltinFunctionType, FunctionType, GeneratorType, MethodType, ModuleType

from harness.protocol.extensions import Extension
from harness.protocol.receiver import Answer, Receiver, Rules, Speech
from tests.protocol.accounts import Accounts

# What all connections share, or what no client can make grow.
_SHARED = (
    *(Accounts, Answer, Enum, Extension, Rules, Speech),
    *(BuiltinFunctionType, FunctionType, ModuleType, type),
)
_LEAVES = (bytes, bytearray, str)
_LINKS = (MethodType, GeneratorType)  # reach the rest of the program by their frames
_ITEM = 8  # octets of a place in a container


def held(receiver: Receiver) -> int:
    """Octets in its strings and buffers, and the places in its containers."""
    total, seen, waiting = 0, set(), [receiver]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, _SHARED):
            continue
        seen.add(id(thing))
        if isinstance(thing, _LEAVES):
            total += len(thing)
            continue
        parts = gc.get_referents(thing)
        total += _ITEM * len(parts)
        if not isinstance(thing, _LINKS):
            waiting.extend(parts)
    return total
