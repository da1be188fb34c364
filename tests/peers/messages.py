"""The messages that clients get to carry: what gets lost on the way in real mail systems."""

from __future__ import annotations

from tests.peers.serving import ALICE, SENDER

HEADER = (
    f"From: Sender <{SENDER}>\r\n"
    f"To: Alice <{ALICE}>\r\n"
    "Subject: to be read back\r\n"
    "Date: Thu, 01 Jan 2026 12:00:00 +0000\r\n"
    "Message-ID: <1@client.example.test>\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
).encode()

# What transparency is about (RFC 5321 4.5.2), and the longest line that is allowed (4.5.3.1.6).
DOTS = b".\r\n..\r\n...\r\n.one dot\r\n..two dots\r\n \r\n.\r\n"
LONG = b"x" * 998 + b"\r\n." + b"y" * 997 + b"\r\n"
WHITE = b"blanks at the end  \t\r\n\r\n\r\nFrom the beginning\r\n>From elsewhere\r\n\ttab\r\n"

SEVEN_BIT = HEADER + b"Content-Transfer-Encoding: 7bit\r\n\r\n" + DOTS + LONG + WHITE + DOTS
EIGHT_BIT = (
    HEADER
    + b"Content-Transfer-Encoding: 8bit\r\n\r\n"
    + DOTS
    + "Grüße, 你好, \U0001f375\r\n".encode()
    + bytes(range(128, 256))
    + b"\r\n"
    + LONG
    + WHITE
    + DOTS
)


def as_file(content: bytes) -> bytes:
    """The content as a text file has it on this machine."""
    return content.replace(b"\r\n", b"\n")
