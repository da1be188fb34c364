"""A reader as a run opens it, for tests."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from harness.certificates import client_context
from harness.delivery import Post, Reader
from harness.target import Target, read_address
from harness.target.delivery import read_delivery
from harness.target.target import ANY, TlsPolicy

ALICE = "alice@example.test"


async def opened(
    url: str, recipient: str = ALICE, *, directory: Path = Path(), ca: Path | None = None, **known
) -> Reader:
    """A reader of a delivery URL as somebody would write it."""
    target = Target(
        address=read_address("127.0.0.1:25"),
        recipients=(ALICE,),
        delivery={ANY: read_delivery(url, directory)[1]},
        tls=TlsPolicy(ca=ca, server_name="localhost"),
        directory=directory,
        **known,
    )
    return await Post(target, partial(client_context, ca=ca)).open(recipient)


async def octets_of(reader: Reader) -> list[bytes]:
    """What has arrived."""
    return [stored.octets for stored in await reader.messages()]
