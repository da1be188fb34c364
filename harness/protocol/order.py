"""Which command may come when: the whole of SMTP's order, as one table for both ends.

A state says what the receiving end remembers, so entering one also says what it forgets:
READY has no envelope, SENDER no recipients, FRESH not even the client's name or log-in.
That is all there is to "RSET clears the buffers", "EHLO acts like RSET" and RFC 3207 4.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Verb(StrEnum):
    """The commands that we know."""

    EHLO = "EHLO"
    HELO = "HELO"
    LHLO = "LHLO"  # EHLO, where LMTP is spoken: RFC 2033 4.1
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    RSET = "RSET"
    NOOP = "NOOP"
    QUIT = "QUIT"
    VRFY = "VRFY"
    EXPN = "EXPN"
    HELP = "HELP"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    ETRN = "ETRN"
    BDAT = "BDAT"
    LAST = "BDAT LAST"  # the chunk that ends a message: RFC 3030 2


class State(StrEnum):
    """What the receiving end remembers of the client."""

    FRESH = "nothing: connected, or just upgraded to TLS"
    READY = "the client's name"
    SENDER = "a reverse-path"
    RECIPIENTS = "a reverse-path and at least one forward-path"
    CHUNKS = "a reverse-path, forward-paths, and a text that has begun"
    CLOSED = "the farewell was said"


Order = Mapping[State, Mapping[Verb, State]]


def _anywhere(here: State) -> dict[Verb, State]:
    # RFC 5321 4.1.4: NOOP, HELP, EXPN, VRFY and RSET may be used at any time, also before EHLO.
    stay = dict.fromkeys((Verb.NOOP, Verb.HELP, Verb.EXPN, Verb.VRFY), here)
    hello = dict.fromkeys((Verb.EHLO, Verb.HELO, Verb.LHLO), State.READY)
    return stay | hello | {Verb.QUIT: State.CLOSED}


# state -> {verb: state after it succeeded}.  A verb that is missing from a row is out of order
# there: the server answers 503 and stays where it is.
ORDER: Order = {
    State.FRESH: {**_anywhere(State.FRESH), Verb.RSET: State.FRESH},
    State.READY: {
        **_anywhere(State.READY),
        Verb.RSET: State.READY,
        Verb.MAIL: State.SENDER,
        Verb.AUTH: State.READY,  # not within a transaction: RFC 4954 4
        Verb.ETRN: State.READY,  # nor this: RFC 1985 5
        Verb.STARTTLS: State.FRESH,
    },
    State.SENDER: {
        **_anywhere(State.SENDER),
        Verb.RSET: State.READY,
        Verb.RCPT: State.RECIPIENTS,
        Verb.STARTTLS: State.FRESH,
    },
    State.RECIPIENTS: {
        **_anywhere(State.RECIPIENTS),
        Verb.RSET: State.READY,
        Verb.RCPT: State.RECIPIENTS,
        Verb.DATA: State.READY,  # once the text has ended, well or not: RFC 5321 4.1.1.4
        Verb.BDAT: State.CHUNKS,
        Verb.LAST: State.READY,
        Verb.STARTTLS: State.FRESH,
    },
    State.CHUNKS: {
        **_anywhere(State.CHUNKS),
        Verb.RSET: State.READY,
        Verb.BDAT: State.CHUNKS,
        Verb.LAST: State.READY,
        Verb.STARTTLS: State.FRESH,
    },
    State.CLOSED: {},
}

# The states of a mail transaction (RFC 5321 3.3).
IN_TRANSACTION: frozenset[State] = frozenset({State.SENDER, State.RECIPIENTS, State.CHUNKS})


def after(state: State, verb: Verb, order: Order = ORDER) -> State | None:
    """The state that `verb` leads to when it succeeds; None if it is out of order there."""
    return order[state].get(verb)
