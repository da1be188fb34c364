"""The session of `send` on a wire, from wishes to the exit status that it deserves."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

import trio

from harness.certificates import client_context
from harness.cli.embedded import embedded
from harness.cli.sending.conversation import Plan, converse
from harness.cli.sending.planning import check, make_plan
from harness.cli.sending.record import Record
from harness.cli.sending.telling import Teller
from harness.cli.sending.wishes import Wishes
from harness.client import Stopped, drive, staged
from harness.errors import PeerError
from harness.protocol.sasl import ClientSide
from harness.protocol.sender import Flow, quit_
from harness.results import Exchange
from harness.target import Address, Target, read_target, with_options
from harness.wire import Log, Wire, dial

T = TypeVar("T")


def perform(wishes: Wishes) -> int:
    """Do what is wished; the exit status."""
    check(wishes)
    _context(_applied(wishes, Target(address=Address("localhost", 25))), wishes)
    with _target(wishes) as target:
        plan = make_plan(target, wishes)
        context = _context(target, wishes)
        teller = Teller(wishes, target)
        session = _Session(target, plan, context)
        exchanges = trio.run(session.run, teller)
        teller.end(plan, session.record, exchanges)
        return session.record.status


def _context(target: Target, wishes: Wishes) -> ssl.SSLContext:
    tls = target.tls
    return client_context(verify=tls.verify, ca=tls.ca, certificate=wishes.cert, key=wishes.key)


@contextlib.contextmanager
def _target(wishes: Wishes) -> Iterator[Target]:
    """The target that is named, or our own server for as long as the context lasts."""
    if wishes.target is not None:
        yield _applied(wishes, read_target(wishes.target))
        return
    with embedded() as target:
        yield _applied(wishes, target)


def _applied(wishes: Wishes, target: Target) -> Target:
    target = with_options(
        target,
        to=wishes.to,
        sender=wishes.sender,
        login=wishes.login,
        timeout=wishes.timeout,
        insecure=wishes.insecure,
        mine=wishes.mine,
    )
    tls = replace(
        target.tls,
        ca=wishes.ca or target.tls.ca,
        server_name=wishes.server_name or target.tls.server_name,
    )
    return replace(target, tls=tls, our_name=wishes.helo or target.our_name)


class _Session:
    """One connection, from the first octet to the last."""

    def __init__(self, target: Target, plan: Plan, context: ssl.SSLContext) -> None:
        self.record = Record(plan.service)
        self._target = target
        self._plan = plan
        self._context = context

    async def run(self, teller: Teller) -> list[Exchange]:
        """Hold the session; what was said in it."""
        log = Log(teller.exchange)
        try:
            began = trio.current_time()
            wire = await dial(self._target.address, log, self._target.timeouts.greeting)
            self.record.connected(trio.current_time() - began)
            try:
                await self._converse(wire)
            finally:
                await wire.aclose()
        except PeerError as error:
            self.record.fail(error)
        return log.exchanges

    async def _converse(self, wire: Wire) -> None:
        plan = self._plan
        address = self._target.address

        def side() -> ClientSide:
            return ClientSide(bindings=wire.bindings, host=address.host, port=address.port)

        session = converse(plan, tell=self.record.tell, offer=self.record.offer, side=side)
        try:
            await self._drive(staged(session, stop=plan.stop or plan.drop, lines=plan.lines), wire)
        except Stopped:
            if plan.stop is not None:
                await self._drive(quit_(), wire)

    async def _drive(self, flow: Flow[T], wire: Wire) -> T:
        tls, patience = self._target.tls, self._target.timeouts.reply

        async def secure() -> None:
            name = tls.server_name or self._target.address.host
            await wire.start_tls(self._context, patience, server_name=name)

        return await drive(
            flow, wire, patience=patience, secure=secure, observe=self.record.observe
        )
