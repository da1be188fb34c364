"""The first connection of a run: is anybody there, do they speak SMTP, and what do they offer?

Where this fails nothing could be judged, so it fails in words that say what to do about it.
"""

from __future__ import annotations

from dataclasses import replace

import trio

from harness.errors import PeerError, PeerSilent, TargetUnreachable, TlsFailed
from harness.protocol.replies import CLOSING, Capabilities, Fault, Reply, read_capabilities
from harness.runner.connection import Connection
from harness.runner.endings import Busy, Ending
from harness.runner.offers import Offer
from harness.runner.stage import Stage
from harness.runner.start import begin_tls
from harness.target import Address
from harness.transcripts.matching import Closed, Heard, Silent, describe
from harness.visible import excerpt
from harness.wire import Log, Piece

_PAUSE = 0.1  # seconds between two looks whether somebody listens by now
_BUSY_PAUSES = (0.2, 0.5, 1.0, 2.0)


async def probe(stage: Stage, over: str | None = None) -> Offer:
    """What a listener offers, asked once per run; raises TargetUnreachable."""
    address = stage.listener(over)
    async with stage.asking:
        if address not in stage.offers:
            try:
                stage.offers[address] = await _wait_for(stage, address)
            except TargetUnreachable as error:
                stage.offers[address] = error
        found = stage.offers[address]
        if isinstance(found, TargetUnreachable):
            raise found
        return found


async def _wait_for(stage: Stage, address: Address) -> Offer:
    """Look until somebody is there, as long as the user wants to wait for that."""
    end = trio.current_time() + stage.settings.wait_for_target
    while True:
        try:
            return await _look(stage, address)
        except TargetUnreachable:
            if trio.current_time() + _PAUSE > end:
                raise
            await trio.sleep(_PAUSE)


async def _look(stage: Stage, address: Address) -> Offer:
    for pause in (*_BUSY_PAUSES, None):
        connection = await stage.connect(Log(), address)
        try:
            return await _ask(stage, connection)
        except Busy as busy:
            if pause is None:
                raise TargetUnreachable(f"{connection.address.endpoint}: {busy}") from busy
            await trio.sleep(pause)
        finally:
            await connection.wire.aclose()
    raise AssertionError("the last look returns or raises")


async def _ask(stage: Stage, connection: Connection) -> Offer:
    try:
        await begin_tls(connection)
    except Ending as ending:
        raise TargetUnreachable(str(ending)) from ending
    greeting = await _greeting(stage, connection)
    hello = await _hello(connection)
    plain = read_capabilities(hello) if hello else Capabilities("")
    offer = Offer(greeting=greeting, plain=plain, is_secure=connection.wire.is_secure)
    if "STARTTLS" in plain and await _starts_tls(connection):
        inside = await _hello(connection)
        offer = replace(offer, secure=read_capabilities(inside) if inside else None)
    await _say(connection, "QUIT")
    return offer


async def _greeting(stage: Stage, connection: Connection) -> str:
    where = connection.address.endpoint
    heard = await connection.hear()
    match heard:
        case Closed():
            raise Busy(f"{heard.how} before the greeting")
        case Silent(begun=begun) if begun:
            raise TargetUnreachable(f"{where}, in its greeting: {describe(heard)}")
        case Silent():
            raise TargetUnreachable(await _mute(stage, connection, heard.seconds))
        case Reply() if heard.code == CLOSING:
            raise Busy(f"the greeting is {heard}")
        case Reply() if Fault.ENDLESS in heard.faults:
            raise TargetUnreachable(f"{where} greets without end: {excerpt(heard.octets)}")
        case Reply(code=0):
            raise TargetUnreachable(f"{where} does not speak SMTP: {describe(heard)}")
        case Reply() if not heard.is_positive:
            raise TargetUnreachable(f"{where} refuses to serve us: {heard}")
        case _:
            return heard.octets.decode("utf-8", "backslashreplace").rstrip("\r\n")


async def _mute(stage: Stage, connection: Connection, seconds: float) -> str:
    """Words about a target that says nothing: it may be waiting for us to begin with TLS."""
    where = connection.address.endpoint
    await connection.wire.aclose()  # some serve one client at a time
    again = await stage.connect(Log(), connection.address)
    try:
        await again.secure()
        speaks_tls = True
    except TlsFailed as error:
        speaks_tls = "plain text" not in str(error)
    except PeerError:
        speaks_tls = False
    finally:
        await again.wire.aclose()
    if speaks_tls:
        return f"{where} speaks TLS from the first octet: use smtps://{where}"
    return f"{where} accepts connections, but says nothing for {seconds:g} s"


async def _hello(connection: Connection) -> Reply | None:
    """The answer to EHLO, or else to HELO; None if both are refused."""
    name = connection.target.our_name
    for command in (f"{connection.hello} {name}", f"HELO {name}"):
        heard = await _say(connection, command)
        if isinstance(heard, Silent):
            where = connection.address.endpoint
            raise TargetUnreachable(
                f"{where} greets, but does not answer {command} within {heard.seconds:g} s"
            )
        if isinstance(heard, Closed):
            return None
        if heard.code == CLOSING:
            raise Busy(f"{command} was answered {heard}")
        if heard.code == 250:
            return heard
    return None


async def _starts_tls(connection: Connection) -> bool:
    heard = await _say(connection, "STARTTLS")
    if not isinstance(heard, Reply) or heard.code != 220:
        return False
    try:
        await connection.secure()
    except PeerError:
        return False  # the cases that go into TLS will say why
    return True


async def _say(connection: Connection, command: str) -> Heard:
    try:
        await connection.send([Piece(f"{command}\r\n".encode())])
    except PeerSilent:
        return Silent(connection.target.timeouts.reply)
    return await connection.hear()
