"""The session of `fetch`, from a plan to the exit status that it deserves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import trio

from harness.cli.fetching.telling import Fetched, Teller
from harness.cli.fetching.wishes import Plan, Wishes, make_plan
from harness.client.pop3 import PopWire
from harness.errors import PeerError, Untrusted
from harness.protocol.pop3.fetching import Waiting, delete, leave, list_mailbox, retrieve
from harness.protocol.pop3.flow import PopRefused
from harness.protocol.pop3.reaching import enter
from harness.wire import Log, connect

ALL_WELL, REFUSED, TROUBLE = 0, 1, 3


def perform(wishes: Wishes) -> int:
    """Do what is wished; the exit status."""
    plan = make_plan(wishes)
    session = _Session(plan, wishes, Teller(wishes))
    return trio.run(session.run)


class _Session:
    """One connection, and what came of it."""

    def __init__(self, plan: Plan, wishes: Wishes, teller: Teller) -> None:
        self._plan = plan
        self._wishes = wishes
        self._teller = teller
        self._mailbox: Sequence[Waiting] = ()
        self._messages: list[Fetched] = []

    async def run(self) -> int:
        """Hold the session and tell of it; the exit status."""
        status, error = ALL_WELL, ""
        try:
            await self._converse()
        except PeerError as problem:
            status = REFUSED if isinstance(problem, PopRefused) else TROUBLE
            hint = "; --ca FILE names one, --insecure takes any"
            error = str(problem) + hint * isinstance(problem, Untrusted)
        self._teller.end(self._mailbox, self._messages, status, error)
        return status

    async def _converse(self) -> None:
        plan, log = self._plan, Log(self._teller.exchange, keeps=False)
        stream = await connect(plan.address, log, plan.patience)
        wire = PopWire(stream, log, context=plan.context, name=plan.server_name)
        try:
            entrance = plan.entrance
            if entrance.is_secure:
                bindings = await wire.start_tls(plan.patience)
                entrance = replace(entrance, side=replace(entrance.side, bindings=bindings))
            await wire.drive(enter(entrance), plan.patience)
            self._mailbox = await wire.drive(list_mailbox(), plan.patience)
            self._teller.listed(self._mailbox)
            if not self._wishes.list_only:
                for waiting in self._mailbox:
                    await self._fetch(wire, waiting)
            await self._leave(wire)
        finally:
            await wire.aclose()

    async def _fetch(self, wire: PopWire, waiting: Waiting) -> None:
        folder, patience = self._plan.folder, self._plan.patience
        there = folder.find(waiting) if folder is not None and self._wishes.keep else None
        if there is not None:
            self._messages.append(Fetched(waiting=waiting, file=there))
            return
        content = await wire.drive(retrieve(waiting.number), patience)
        file = None if folder is None else folder.keep(waiting, content)
        message = Fetched(waiting=waiting, content=content, file=file)
        self._teller.fetched(message)
        if file is not None or not self._wishes.json:
            message = replace(message, content=b"")  # it has been told, and need not be kept
        if not self._wishes.keep:
            await wire.drive(delete(waiting.number), patience)
        self._messages.append(message)

    async def _leave(self, wire: PopWire) -> None:
        """QUIT, which is when messages are deleted; if none is, it matters not what comes of it."""
        try:
            await wire.drive(leave(), self._plan.patience)
        except PeerError:
            if not self._wishes.keep and self._messages:
                raise
        if not self._wishes.keep:
            self._messages = [replace(message, deleted=True) for message in self._messages]
