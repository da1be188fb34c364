"""The names under which latencies and troubles are counted; a small set, whatever is sent."""

from __future__ import annotations

CONNECT = "connect"
GREETING = "greeting"
HELLO = "hello"
MAIL = "MAIL"
RCPT = "RCPT"
DATA = "DATA"  # its 354
GROUP = "group"  # pipelined commands in one write: each alone would have waited for the others
DOT = "dot"  # the content with its final dot, until the 250
MESSAGE = "message"  # from the write of MAIL until the 250: what a sender waits for
QUIT = "QUIT"

PHASES = (CONNECT, GREETING, HELLO, MAIL, RCPT, DATA, GROUP, DOT, MESSAGE, QUIT)
