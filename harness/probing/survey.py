"""The survey: which visits are made, in which order, and what goes on the card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import trio

from harness.client import drive
from harness.errors import PeerError
from harness.probing.acquaintance import FOREIGN, UNLIKELY, domains_of, guesses
from harness.probing.card import Asked, Card, Layer, Measured, Tls
from harness.probing.extensions import judge_extensions
from harness.probing.handshakes import Shaker
from harness.probing.limits import (
    measure_errors,
    measure_idleness,
    measure_line,
    measure_recipients,
    measure_size,
)
from harness.probing.visiting import Visitor
from harness.protocol.sasl import Login
from harness.protocol.sender import CHUNK, Envelope, send_message
from harness.protocol.services import Service
from harness.target import Scheme, Target
from harness.wire import Log

NOT_MEASURED = "not measured: --limits is for servers of yours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How far to go."""

    limits: bool = False  # measure what a server bears, and list all its ciphers
    idle: float = 0.0  # seconds to wait whether it hangs up
    message: bytes | None = None  # to be sent
    login: Login | None = None


async def survey(target: Target, depth: Depth, log: Log, now: Callable[[], float]) -> Card:
    """The card of a target; raises PeerError if nobody there talks to us."""
    return await _Survey(target, depth, log, now).run()


class _Survey:
    def __init__(self, target: Target, depth: Depth, log: Log, now: Callable[[], float]) -> None:
        self._target = target
        self._depth = depth
        self._now = now
        self._began = trio.current_time()
        self._shaker = Shaker(target, log)
        self._clear = Visitor(target, log, within_tls=False, login=self._login(within_tls=False))
        self._inside = Visitor(target, log, within_tls=True, login=self._login(within_tls=True))

    def _login(self, *, within_tls: bool) -> Login | None:
        # A password goes nowhere in the clear, but to this machine.
        return self._depth.login if within_tls or self._target.address.is_loopback else None

    async def run(self) -> Card:
        try:
            return await self._run()
        finally:
            for visitor in (self._clear, self._inside):
                await visitor.leave()

    async def _run(self) -> Card:
        is_implicit = self._target.address.scheme.has_implicit_tls
        first = self._inside if is_implicit else self._clear
        began = trio.current_time()
        talk = await first.talk()
        greeted_after = trio.current_time() - began
        has_tls = is_implicit or "STARTTLS" in talk.capabilities
        layers = [] if is_implicit else [await self._layer(self._clear)]
        if has_tls:
            layers.append(await self._layer(self._inside))
        best = self._inside if has_tls and not layers[-1].trouble else self._clear
        return Card(
            target=str(self._target),
            greeting=str(first.greeting),
            greeted_after=greeted_after,
            layers=tuple(layers),
            recipients=await _ask_for(best),
            tls=await self._tls() if has_tls else None,
            limits=await self._limits(best),
            sent=await self._send(best),
            connections=sum(it.connections for it in (self._clear, self._inside, self._shaker)),
            seconds=trio.current_time() - self._began,
        )

    async def _layer(self, visitor: Visitor) -> Layer:
        try:
            talk = await visitor.talk()
            capabilities = talk.capabilities
            return Layer(
                within_tls=visitor.within_tls,
                domain=capabilities.domain,
                extensions=await judge_extensions(visitor),
                mechanisms=capabilities.mechanisms,
            )
        except PeerError as problem:
            return Layer(
                within_tls=visitor.within_tls, domain="", extensions={}, trouble=str(problem)
            )

    async def _tls(self) -> Tls | None:
        try:
            return await self._shaker.look(self._now(), is_thorough=self._depth.limits)
        except PeerError:
            return None  # the layer tells why

    async def _limits(self, visitor: Visitor) -> tuple[Measured, ...]:
        measures = [measure_size, measure_line, measure_recipients, measure_errors]
        found: list[Measured] = []
        for measure in measures if self._depth.limits else measures[:1]:
            try:
                found.append(await measure(visitor))
            except PeerError as problem:
                what = measure.__name__.removeprefix("measure_")
                found.append(Measured(what=what, found=f"not measured: {problem}"))
        if self._depth.idle:
            found.append(await measure_idleness(visitor, self._depth.idle))
        return tuple(found)

    async def _send(self, visitor: Visitor) -> str:
        """What a message is answered, if one is to be sent."""
        if self._depth.message is None:
            return ""
        talk = await visitor.talk()
        target = self._target

        async def secure() -> None:
            raise AssertionError("a message begins no TLS")

        flow = send_message(
            Envelope(target.sender, target.recipients),
            self._depth.message,
            talk.capabilities,
            chunk=CHUNK if "CHUNKING" in talk.capabilities else None,
            service=Service.LMTP if target.address.scheme is Scheme.LMTP else Service.SMTP,
        )
        try:
            handover = await drive(flow, talk.wire, patience=target.timeouts.reply, secure=secure)
        except PeerError as problem:
            return str(problem)
        replies = {to: handover.answer(to) for to in target.recipients}
        return "; ".join(f"{to}: {reply}" for to, reply in replies.items())


async def _ask_for(visitor: Visitor) -> tuple[Asked, ...]:
    """Whom it takes mail for: its own, nobody's, and strangers."""
    target = visitor.target
    wanted = [(to, True) for to in dict.fromkeys((*target.recipients, "postmaster"))]
    taken = [to for to, _ in wanted]
    domains = domains_of(taken)
    asked: list[Asked] = []
    try:
        talk = await visitor.talk()
        domains = domains or guesses(talk.capabilities.domain)[:1]
        unlikely = [(f"{UNLIKELY}@{domain}", False) for domain in domains[:1]]
        mail = await talk.mail()
        if not mail.is_positive:
            return (Asked(recipient="(MAIL)", code=mail.code, reply=str(mail), wished=True),)
        for recipient, wished in (*wanted, *unlikely, (FOREIGN, False)):
            answer = await talk.rcpt(recipient)
            asked.append(
                Asked(recipient=recipient, code=answer.code, reply=str(answer), wished=wished)
            )
    except PeerError as problem:
        asked.append(Asked(recipient="(gone)", code=0, reply=str(problem), wished=True))
    return tuple(asked)
