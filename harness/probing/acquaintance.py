"""What a server tells about itself and whom it takes mail for, found out without sending any.

MAIL and RCPT are asked and taken back by RSET.  Every answer is a fact, a refusal too; only a
server that goes away or says nothing ends the probe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.probing.talk import Talk
from harness.protocol.addresses import is_domain
from harness.protocol.replies import Reply
from harness.target import Target

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


async def get_acquainted(target: Target, recipients: Sequence[str]) -> Findings:
    """Talk to the target; raises PeerError where it does not talk to us."""
    talk = await Talk.begin(target)
    try:
        findings = await _meet(talk)
        if findings.mail.is_positive:
            findings = await try_recipients(talk, findings, recipients)
        if findings.tls is None and "STARTTLS" in findings.keywords:
            await talk.ask("RSET")
            findings = replace(findings, tls=await talk.start_tls())
        return findings
    finally:
        await talk.aclose()


async def _meet(talk: Talk) -> Findings:
    """To where a recipient may be named, past TLS if the server insists."""
    greeting = await talk.greet()
    capabilities = await talk.hello()
    mail = await talk.mail()
    demands, tls = [], None
    if mail.code == 530 and "STARTTLS" in capabilities:
        demands.append("tls")
        if not (tls := await talk.start_tls()):
            await talk.hello()
            mail = await talk.mail()
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


async def try_recipients(talk: Talk, findings: Findings, recipients: Sequence[str]) -> Findings:
    """Whom it takes mail for; without recipients the postmaster, RFC 5321 4.5.1."""
    taken, refused = [], []
    for recipient in recipients or ("postmaster",):
        answer = await talk.rcpt(recipient)
        if answer.is_positive:
            taken.append(recipient)
        else:
            refused.append((recipient, answer))
    domains = domains_of(taken) or guesses(findings.domain)
    unlikely = [f"{UNLIKELY}@{domain}" for domain in domains]
    return replace(
        findings,
        taken=tuple(taken),
        refused=tuple(refused),
        unknown=await _first_refused(talk, unlikely),
        foreign=await talk.rcpt(FOREIGN),
    )


async def _first_refused(talk: Talk, recipients: Sequence[str]) -> str | None:
    for recipient in recipients:
        answer = await talk.rcpt(recipient)
        if answer.code // 100 == 5:
            return recipient
    return None


def domains_of(recipients: Sequence[str]) -> list[str]:
    """The domains that these recipients are in."""
    parted = (recipient.rpartition("@") for recipient in recipients)
    return list(dict.fromkeys(domain for _, at, domain in parted if at))


def guesses(name: str) -> list[str]:
    """mail.example.com takes mail for itself or for example.com."""
    if not is_domain(name):  # what a server calls itself may be anything
        return []
    labels = name.split(".")
    return [name, ".".join(labels[1:])] if len(labels) > 2 else [name]
