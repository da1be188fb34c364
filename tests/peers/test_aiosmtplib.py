"""aiosmtplib, the client of Python's asyncio."""

from __future__ import annotations

import asyncio
import gc
import ssl
import warnings
from collections.abc import Callable, Coroutine
from typing import Any

import aiosmtplib
import pytest

from tests.peers.messages import EIGHT_BIT, SEVEN_BIT
from tests.peers.serving import ALICE, BEYOND_ASCII, BOB, PASSWORD, PATIENCE, SENDER, USER

pytestmark = pytest.mark.peer


def talk(
    server, act: Callable[[aiosmtplib.SMTP], Coroutine[Any, Any, Any]], *, tls: bool = False
) -> Any:
    """Connect, act, quit, in an event loop of its own; give back what acting did."""

    async def run() -> Any:
        client = aiosmtplib.SMTP(
            hostname="127.0.0.1",
            port=server.port,
            local_hostname="client.example.test",
            timeout=PATIENCE,
            start_tls=tls,
            tls_context=ssl.create_default_context(cafile=server.ca) if tls else None,
        )
        async with client:
            return await act(client)

    try:
        return asyncio.run(run())
    finally:
        with warnings.catch_warnings():  # it leaves its transports to the collector
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


@pytest.mark.parametrize("tls", [False, True])
def test_eight_bits_arrive_octet_for_octet(server, mailbox, tls):
    async def act(client):
        return await client.sendmail(SENDER, [ALICE], EIGHT_BIT, mail_options=["BODY=8BITMIME"])

    assert talk(server, act, tls=tls)[0] == {}
    arrived = mailbox.only()
    assert arrived.content == EIGHT_BIT
    assert f"with ESMTP{'S' * tls} id" in arrived.received


@pytest.mark.parametrize("mechanism", ["crammd5", "plain", "login"])
def test_a_user_logs_in_by_every_mechanism_that_it_has(server, mailbox, mechanism):
    async def act(client):
        await client.ehlo()
        said = await getattr(client, f"auth_{mechanism}")(USER, PASSWORD)
        await client.sendmail(SENDER, [ALICE], SEVEN_BIT)
        return said.code

    assert talk(server, act, tls=True) == 235
    assert "with ESMTPSA id" in mailbox.only().received


def test_only_those_who_were_refused_are_named(server, mailbox):
    async def act(client):
        return await client.sendmail(SENDER, [ALICE, "nobody@example.test", BOB], SEVEN_BIT)

    refused, _ = talk(server, act)
    assert {to: said.code for to, said in refused.items()} == {"nobody@example.test": 550}
    assert mailbox.only().content == SEVEN_BIT


def test_addresses_beyond_ascii_arrive(server):
    many = server.mailbox("many")

    async def act(client):
        options = ["SMTPUTF8", "BODY=8BITMIME"]
        return await client.sendmail(SENDER, [BEYOND_ASCII], EIGHT_BIT, mail_options=options)

    assert talk(server, act)[0] == {}
    arrived = many.only()
    assert arrived.content == EIGHT_BIT
    assert "with UTF8SMTP id" in arrived.received


def test_messages_sent_at_once_over_one_client_all_arrive(server, mailbox):
    sent = [b"Subject: %02d\r\n\r\nhello\r\n" % n for n in range(20)]

    async def act(client):
        await asyncio.gather(*(client.sendmail(SENDER, [ALICE], content) for content in sent))

    talk(server, act)
    assert sorted(it.content for it in mailbox.fresh()) == sent


def test_commands_that_send_nothing_are_answered(server):
    async def act(client):
        replies = [await client.noop(), await client.rset(), await client.vrfy(USER)]
        return [said.code for said in replies]

    assert talk(server, act) == [250, 250, 252]
