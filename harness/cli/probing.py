"""What a server tells about itself and whom it takes mail for, found out without sending any.

MAIL and RCPT are asked and taken back by RSET.  Every answer is a fact, a refusal too; only a
server that goes away or says nothing ends the probe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import trio

from harness.certificates import client_context
from harness.errors import PeerError, Refused
from harness.protocol.addresses import is_domain
from harness.protocol.replies import Capabilities, Reply, read_capabilities
from harness.target import Target
from harness.wire import Log, Wire, dial

UNLIKELY = "no-such-user-7f3a"  # a local-part that hardly anybody has
FOREIGN = "someone@elsewhere.test"  # RFC 2606: nobody's


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a probe has found."""

    greeting: str
    domain: str  # what the server calls itself
    keywords: tuple[str, ...]  # of EHLO, in the clear
    tls: str | None  # None if not offered, "" if all is well, else what went wrong
    demands: tuple[str, ...] = ()  # tls, auth: before MAIL
    mail: Reply  # to MAIL, at last
    taken: tuple[str, ...] = ()  # recipients
    refused: tuple[tuple[str, Reply], ...] = ()  # recipients that should have been taken
    unknown: str | None = None  # refused, as it should be
    foreign: Reply | None = None  # to a recipient that is nobody's


async def probe(target: Target, recipients: Sequence[str]) -> Findings:
    """Talk to the target; raises PeerError where it does not talk to us."""
    wire = await dial(target.address, Log(), patience=target.timeouts.greeting)
    try:
        talk = _Talk(target, wire)
        findings = await talk.meet()
        if findings.mail.is_positive:
            findings = await talk.try_recipients(findings, recipients)
        if findings.tls is None and "STARTTLS" in findings.keywords:
            await talk.ask("RSET")
            findings = replace(findings, tls=await talk.start_tls())
        return findings
    finally:
        with trio.CancelScope(shield=True):
            await wire.aclose()


@dataclass(frozen=True, slots=True)
class _Talk:
    target: Target
    wire: Wire

    async def meet(self) -> Findings:
        """To where a recipient may be named, past TLS if the server insists."""
        if self.target.address.scheme.has_implicit_tls:
            await self._shake_hands()
        greeting = await self._reply("greeting")
        capabilities = await self._hello()
        mail = await self._mail()
        demands, tls = [], None
        if mail.code == 530 and "STARTTLS" in capabilities:
            demands.append("tls")
            if not (tls := await self.start_tls()):
                await self._hello()
                mail = await self._mail()
        if mail.code == 530 and not tls:
            demands.append("auth")
        return Findings(
            greeting=str(greeting),
            domain=capabilities.domain,
            keywords=tuple(capabilities.keywords),
            tls=tls,
            demands=tuple(demands),
            mail=mail,
        )

    async def try_recipients(self, findings: Findings, recipients: Sequence[str]) -> Findings:
        """Whom it takes mail for; without recipients the postmaster, RFC 5321 4.5.1."""
        taken, refused = [], []
        for recipient in recipients or ("postmaster",):
            answer = await self.ask(f"RCPT TO:<{recipient}>")
            if answer.is_positive:
                taken.append(recipient)
            else:
                refused.append((recipient, answer))
        domains = _domains(taken) or _guesses(findings.domain)
        unlikely = [f"{UNLIKELY}@{domain}" for domain in domains]
        return replace(
            findings,
            taken=tuple(taken),
            refused=tuple(refused),
            unknown=await self._first_refused(unlikely),
            foreign=await self.ask(f"RCPT TO:<{FOREIGN}>"),
        )

    async def _first_refused(self, recipients: Sequence[str]) -> str | None:
        for recipient in recipients:
            answer = await self.ask(f"RCPT TO:<{recipient}>")
            if answer.code // 100 == 5:
                return recipient
        return None

    async def ask(self, line: str) -> Reply:
        """A command and its answer."""
        await self.wire.send(f"{line}\r\n".encode(), self.target.timeouts.reply)
        return await self.wire.reply(self.target.timeouts.reply)

    async def start_tls(self) -> str:
        """STARTTLS; what went wrong, or nothing."""
        answer = await self.ask("STARTTLS")
        if answer.code != 220:
            return f"STARTTLS was answered {answer}"
        try:
            await self._shake_hands()
        except PeerError as problem:
            return str(problem)
        return ""

    async def _shake_hands(self) -> None:
        policy = self.target.tls
        await self.wire.start_tls(
            client_context(verify=policy.verify, ca=policy.ca),
            self.target.timeouts.reply,
            server_name=policy.server_name or self.target.address.host,
        )

    async def _hello(self) -> Capabilities:
        answer = await self.ask(f"EHLO {self.target.our_name}")
        if not answer.is_positive:
            answer = await self.ask(f"HELO {self.target.our_name}")
        if not answer.is_positive:
            raise Refused("HELO", answer)
        return read_capabilities(answer)

    async def _mail(self) -> Reply:
        return await self.ask(f"MAIL FROM:<{self.target.sender}>")

    async def _reply(self, name: str) -> Reply:
        answer = await self.wire.reply(self.target.timeouts.greeting)
        if not answer.is_positive:
            raise Refused(name, answer)
        return answer


def _domains(recipients: Sequence[str]) -> list[str]:
    parted = (recipient.rpartition("@") for recipient in recipients)
    return list(dict.fromkeys(domain for _, at, domain in parted if at))


def _guesses(name: str) -> list[str]:
    """mail.example.com takes mail for itself or for example.com."""
    if not is_domain(name):  # what a server calls itself may be anything
        return []
    labels = name.split(".")
    return [name, ".".join(labels[1:])] if len(labels) > 2 else [name]
