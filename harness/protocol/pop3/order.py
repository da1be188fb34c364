"""Which command may come when: RFC 1939 3 to 7 as one table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum, auto
from typing import Final


class Verb(StrEnum):
    """A command."""

    USER = "USER"
    PASS = "PASS"
    APOP = "APOP"
    AUTH = "AUTH"
    STLS = "STLS"
    CAPA = "CAPA"
    STAT = "STAT"
    LIST = "LIST"
    UIDL = "UIDL"
    RETR = "RETR"
    TOP = "TOP"
    DELE = "DELE"
    NOOP = "NOOP"
    RSET = "RSET"
    QUIT = "QUIT"


class State(Enum):
    """How far a session is; NAMED is AUTHORIZATION with a USER that waits for PASS."""

    AUTHORIZATION = auto()
    NAMED = auto()
    TRANSACTION = auto()
    UPDATE = auto()
    CLOSED = auto()


_AUTHORIZATION: Final = {
    Verb.USER: State.NAMED,
    Verb.APOP: State.TRANSACTION,
    Verb.AUTH: State.TRANSACTION,
    Verb.STLS: State.AUTHORIZATION,
    Verb.CAPA: State.AUTHORIZATION,
    Verb.QUIT: State.CLOSED,
}
_STAYING: Final = (
    *(Verb.STAT, Verb.LIST, Verb.UIDL, Verb.RETR, Verb.TOP),
    *(Verb.DELE, Verb.NOOP, Verb.RSET, Verb.CAPA),
)

# state -> {verb: state after the command succeeded}.  A verb that is missing from a row is out of
# order there.  PASS follows USER at once (RFC 1939 7), so whatever else comes there takes it back.
ORDER: Final[Mapping[State, Mapping[Verb, State]]] = {
    State.AUTHORIZATION: _AUTHORIZATION,
    State.NAMED: {**_AUTHORIZATION, Verb.PASS: State.TRANSACTION},
    State.TRANSACTION: {
        **dict.fromkeys(_STAYING, State.TRANSACTION),
        Verb.QUIT: State.UPDATE,
    },
    State.UPDATE: {},
    State.CLOSED: {},
}
