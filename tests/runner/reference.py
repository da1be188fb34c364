"""The reference server on a loopback port of this very process, honest or a liar."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from harness.target import Login, Secret, Target, TlsPolicy
from reference_server.configuration import Config, make_server
from reference_server.doors.listener import serve
from tests.wire.peers import listening

DOMAIN = "example.test"
PASSWORD = "wonderland"


@asynccontextmanager
async def reference(
    spool: Path, fault: str | None = None, *, auth_in_clear: bool = False
) -> AsyncIterator[Target]:
    """The target that it is."""
    config = Config(
        domain=DOMAIN,
        users={"alice": PASSWORD, "bob": None},
        spool=spool,
        fault=fault,
        tls_self_signed=True,
        sync=False,
        auth_in_clear=auth_in_clear,
    )
    server = make_server(config)

    async def talk(stream) -> None:
        await serve(server, stream, "127.0.0.1")

    async with listening(talk) as address:
        yield Target(
            address=address,
            domain=DOMAIN,
            recipients=(f"alice@{DOMAIN}", f"bob@{DOMAIN}"),
            unknown_recipient=f"nobody@{DOMAIN}",
            login=Login("alice", Secret(text=PASSWORD)),
            tls=TlsPolicy(ca=spool / "cert.pem", server_name="localhost"),
            delivery={"": f"maildir:{spool / 'mail'}"},
        )
