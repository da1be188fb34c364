"""The names under which latencies and troubles are counted; a small set, whatever is sent."""

from __future__ import annotations

CONNECT = "connect"
GREETING = "greeting"
STARTTLS = "STARTTLS"  # its 220
TLS = "TLS"  # the handshake
HELLO = "hello"
AUTH = "AUTH"  # each step of it
MAIL = "MAIL"
RCPT = "RCPT"
DATA = "DATA"  # its 354
GROUP = "group"  # pipelined commands in one write: each alone would have waited for the others
CHUNK = "BDAT"  # a chunk that is not the last (RFC 3030)
BODY = "body"  # until the last octet of the content is on its way
DOT = "dot"  # from then until the 250
MESSAGE = "message"  # from the write of MAIL until the 250: what a sender waits for
QUIT = "QUIT"

PHASES = (
    CONNECT,
    GREETING,
    STARTTLS,
    TLS,
    HELLO,
    AUTH,
    MAIL,
    RCPT,
    DATA,
    GROUP,
    CHUNK,
    BODY,
    DOT,
    MESSAGE,
    QUIT,
)
