"""Asking: what a message needs of a next hop, and what is said for it there.

Whoever passes mail on passes on what was asked for (RFC 3461 5.2, 6710 4.2, 2852 4, 8689 4.2), or
says that it cannot be had.  Nothing here talks to anybody: a host that will not do is a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from harness.errors import NotOffered
from harness.protocol.commands import Parameters
from harness.protocol.extensions.xtext import encode_unitext
from harness.protocol.options import MailOptions, mail_options, recipient_options
from harness.protocol.replies import Capabilities, number
from harness.protocol.sender import Envelope, as_understood, fitted
from harness.protocol.sender.parameters import wants_utf8
from harness.protocol.services import Service
from harness.protocol.transparency import whole_lines
from reference_server.queue.items import Item
from reference_server.relay import schedule
from reference_server.relay.outcomes import Kind, Outcome, failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a session offers."""

    capabilities: Capabilities
    service: Service = Service.SMTP
    is_trusted: bool = False  # under TLS, with whom we wanted to talk: RFC 8689 2
    remote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What can be sent, and for whom it is over already."""

    envelope: Envelope
    content: bytes
    taken: Outcome  # what it comes to for those who are accepted
    refused: dict[str, Outcome] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TooWide:
    """What this host takes in 7 bits alone: `narrowed` tells what it comes to, once it is."""

    ready: Ready
    lack: str
    terms: Terms


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """This host will not do; what it comes to if no other host does."""

    outcome: Outcome


def prepare(
    item: Item, addresses: Sequence[str], content: bytes, terms: Terms, *, now: float
) -> Ready | TooWide | Elsewhere:
    """The message as this session can take it."""
    wishes = mail_options(item.parameters)
    problem = _no_security(item, wishes, terms) or _no_time(item, wishes, terms, now)
    if problem is not None:
        return Elsewhere(problem)
    envelope = Envelope(
        item.reverse_path,
        tuple(addresses),
        tuple(_mail_parameters(item, wishes, terms, now)),
        {
            one.address: tuple(_rcpt_parameters(one.parameters, terms.capabilities))
            for one in item.recipients
        },
    )
    refused = _not_international(envelope, content, terms)
    rest = tuple(address for address in addresses if address not in refused)
    ready = Ready(
        envelope=replace(as_understood(envelope, terms.capabilities), recipients=rest),
        content=content,
        taken=_taken(item, wishes, terms),
        refused=refused,
    )
    return _fit(ready, wishes, terms) if rest else ready


def _refuse(ready: Ready, outcome: Outcome) -> Ready:
    others = dict.fromkeys(ready.envelope.recipients, outcome)
    return replace(
        ready, envelope=replace(ready.envelope, recipients=()), refused=ready.refused | others
    )


# --- what the host must be able to do ------------------------------------------------------------


def _no_security(item: Item, wishes: MailOptions, terms: Terms) -> Outcome | None:
    if not wishes.require_tls or not item.reverse_path:
        return None  # RFC 8689 5: a bounce goes all the same
    if not terms.is_trusted:
        words = "the message may go under TLS alone, to a host that is known beyond doubt"
        return failed("5.7.10", words, terms.remote)
    if "REQUIRETLS" not in terms.capabilities:
        return failed("5.7.30", "REQUIRETLS support required", terms.remote)
    return None


def _no_time(item: Item, wishes: MailOptions, terms: Terms, now: float) -> Outcome | None:
    """RFC 2852 4: what is to be returned at a deadline goes to nobody who may miss it."""
    until = schedule.deadline(item)
    if wishes.deliver_by is None or until is None or wishes.deliver_by.mode != "R":
        return None
    if "DELIVERBY" not in terms.capabilities:
        return failed("5.3.3", "the host does not know of deadlines", terms.remote)
    if int(until - now) < max(1, _number(terms.capabilities.keywords["DELIVERBY"])):
        return failed("5.4.7", "the host cannot deliver before the deadline", terms.remote)
    return None


def _not_international(envelope: Envelope, content: bytes, terms: Terms) -> dict[str, Outcome]:
    """Those whom the message cannot reach without SMTPUTF8 (RFC 6531 3.2)."""
    if "SMTPUTF8" in terms.capabilities:
        return {}
    all_of_them = wants_utf8(replace(envelope, recipients=()), content)
    outcome = failed(
        "5.6.7", "an address or the header is not in US-ASCII, and the host takes no other",
        terms.remote,
    )  # fmt: skip
    return {to: outcome for to in envelope.recipients if all_of_them or not to.isascii()}


def _fit(ready: Ready, wishes: MailOptions, terms: Terms) -> Ready | TooWide:
    """Ready with the content in a form that the host takes, and what has to be said of it."""
    envelope, capabilities = ready.envelope, terms.capabilities
    if wishes.utf8 and "SMTPUTF8" in capabilities:
        parameters = (*envelope.mail_parameters, ("SMTPUTF8", None))
        envelope = replace(envelope, mail_parameters=parameters)
    try:
        fit = fitted(envelope, ready.content, capabilities)
    except NotOffered as lack:
        return TooWide(ready=replace(ready, envelope=envelope), lack=str(lack), terms=terms)
    return _sized(replace(ready, envelope=fit), terms)


def narrowed(wide: TooWide, content: bytes | None) -> Ready:
    """What it comes to with the content in 7 bits; None if converting it would do harm."""
    ready, terms = wide.ready, wide.terms
    if content is None:
        words = f"{wide.lack}, and converting it would do harm"
        return _refuse(ready, failed("5.6.3", words, terms.remote))
    fit = fitted(ready.envelope, content, terms.capabilities)
    return _sized(replace(ready, envelope=fit, content=content), terms)


def _sized(ready: Ready, terms: Terms) -> Ready:
    """RFC 1870 6.1: what is larger than the host takes is not sent there."""
    limit = _number(terms.capabilities.keywords.get("SIZE", ()))
    size = len(whole_lines(ready.content))
    if 0 < limit < size:
        words = f"the message has {size} octets, and the host takes {limit}"
        return _refuse(ready, failed("5.3.4", words, terms.remote))
    return ready


def _number(words: Sequence[str]) -> int:
    return (number(words[0]) if words else None) or 0


# --- what is said --------------------------------------------------------------------------------

# What is passed on as it came.  SIZE, BODY and SMTPUTF8 are said of what is sent, not of what was
# received; a message that is held is held here; we log in nowhere, so AUTH says nothing.
_KEPT: Final = frozenset({"RET", "ENVID", "MT-PRIORITY"})


def _mail_parameters(
    item: Item, wishes: MailOptions, terms: Terms, now: float
) -> Iterator[tuple[str, str | None]]:
    yield from (row for row in item.parameters if row[0] in _KEPT)
    if wishes.require_tls and terms.is_trusted:
        yield "REQUIRETLS", None
    until = schedule.deadline(item)
    if wishes.deliver_by is not None and until is not None:
        trace = "T" if wishes.deliver_by.trace else ""
        yield "BY", f"{int(until - now)};{wishes.deliver_by.mode}{trace}"


def _rcpt_parameters(
    parameters: Parameters, capabilities: Capabilities
) -> Iterator[tuple[str, str | None]]:
    for name, value in parameters:
        if value is None or value.isascii() or "SMTPUTF8" in capabilities:
            yield name, value
        elif name == "ORCPT" and (orcpt := recipient_options(parameters).orcpt) is not None:
            # RFC 6533 3: the form that needs no SMTPUTF8.
            yield name, f"{orcpt[0]};{encode_unitext(orcpt[1])}"


def _taken(item: Item, wishes: MailOptions, terms: Terms) -> Outcome:
    """What a recipient who is accepted comes to: RFC 3461 5.2.1 and 5.2.2, RFC 2852 4."""
    capabilities = terms.capabilities
    kind = Kind.PASSED_ON
    if "DSN" not in capabilities:
        # By LMTP a message is delivered, not relayed (RFC 2033 1).
        kind = Kind.DELIVERED if terms.service is Service.LMTP else Kind.RELAYED
    wish = wishes.deliver_by
    told = wish is not None and (
        wish.trace or (wish.mode == "N" and "DELIVERBY" not in capabilities)
    )
    if told and kind is not Kind.DELIVERED:
        kind = Kind.RELAYED
    return Outcome(kind=kind, status="2.0.0", remote=terms.remote, asked_by_deadline=told)
