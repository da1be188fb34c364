"""aiosmtpd as a target: its own protocol, and a handler that keeps mail in Maildirs.

The handler does what a first handler does, no more: it refuses strangers and writes the octets
it is given.  What the suites find here is therefore aiosmtpd's, or lies in what its users write.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import ssl
import time
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

LOCAL = {f"{name}@example.test": name for name in ("alice", "bob", "postmaster")}
ANYONE_AT = "@many.example.test"
PASSWORDS = {b"alice": b"secret"}
LARGEST = 1024 * 1024


@dataclass(slots=True)
class Maildirs:
    """Mailboxes under one directory, a Maildir each."""

    home: Path
    _serial: count[int] = field(default_factory=count)

    def create(self) -> None:
        """Make every mailbox, so that a reader need not guess whether mail will come."""
        for name in (*LOCAL.values(), "many"):
            for folder in ("cur", "new", "tmp"):
                (self.home / name / folder).mkdir(parents=True, exist_ok=True)

    def keep(self, name: str, content: bytes) -> None:
        """Write a message as Maildir wants it: whole or not at all."""
        unique = f"{time.time_ns()}.{os.getpid()}_{next(self._serial)}.mail.example.test"
        draft = self.home / name / "tmp" / unique
        draft.write_bytes(content)
        draft.rename(self.home / name / "new" / unique)


@dataclass(frozen=True)  # aiosmtpd looks at every member, and before Python 3.11.3 slots break that
class Handler:
    """What aiosmtpd asks of its user."""

    maildirs: Maildirs

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take mail for those who live here."""
        mailbox = mailbox_of(address)
        if mailbox is None and address.lower().endswith(("@example.test", ANYONE_AT)):
            return "550 5.1.1 no such user"
        if mailbox is None:
            return "550 5.7.1 no relaying"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep one copy per recipient."""
        content = envelope.original_content or b""
        for address in envelope.rcpt_tos:
            mailbox = mailbox_of(address)
            if mailbox is not None:
                self.maildirs.keep(mailbox, content)
        return "250 2.0.0 kept"


def mailbox_of(address: str) -> str | None:
    """The mailbox of an address of ours, or None."""
    address = address.lower().replace("@[127.0.0.1]", "@example.test")  # RFC 1123 5.2.17
    if address == "postmaster":
        return address
    return "many" if address.endswith(ANYONE_AT) else LOCAL.get(address)


def authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: object
) -> AuthResult:
    """Alice's password, or none."""
    known = isinstance(login, LoginPassword) and PASSWORDS.get(login.login) == login.password
    return AuthResult(success=known, handled=False)


class OwnLimits:
    """Gives each session its own length of lines, before aiosmtpd looks for it.

    aiosmtpd keeps them in one dictionary of the class, which every new connection clears: whoever
    has said EHLO then finds that MAIL may not be longer for SIZE, AUTH or SMTPUTF8 any more.  Cases
    beside each other would be met or not by chance.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        self.command_size_limits = defaultdict(lambda: SMTP.command_size_limit)
        super().__init__(*args, **settings)


class OwnSMTP(OwnLimits, SMTP):
    """aiosmtpd's SMTP, each session by itself."""


class OwnLMTP(OwnLimits, LMTP):
    """aiosmtpd's LMTP, each session by itself."""


def certificate(home: Path) -> ssl.SSLContext:
    """A context with a certificate of its own; clients find its authority in cert.pem."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(home / "cert.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", "mail.example.test", "127.0.0.1").configure_cert(context)
    return context


async def serve(port: int, home: Path) -> None:
    """Serve SMTP on the port, submission on the next, LMTP on the one after, until told to stop."""
    maildirs = Maildirs(home / "mail")
    maildirs.create()
    settings = {
        "handler": Handler(maildirs),
        "hostname": "mail.example.test",
        "data_size_limit": LARGEST,
        "enable_SMTPUTF8": True,
        "tls_context": certificate(home),
        "auth_require_tls": False,
        "authenticator": authenticate,
    }
    doors = (
        partial(OwnSMTP, **settings),
        partial(OwnSMTP, **{**settings, "auth_require_tls": True, "auth_required": True}),
        partial(OwnLMTP, **settings),
    )
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    servers = [
        await loop.create_server(make, "127.0.0.1", port + offset)
        for offset, make in enumerate(doors)
    ]
    await stop.wait()
    for server in servers:
        server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--home", type=Path, required=True, help="mail/ and cert.pem go here")
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.home))
