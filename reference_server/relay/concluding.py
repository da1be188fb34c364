"""Concluding a visit: what becomes of the mail that no host took."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from harness.protocol.options import mail_options
from reference_server.bounces.returning import header_of
from reference_server.relay.delivery import Delivery
from reference_server.relay.lane import Parcel
from reference_server.relay.ledger import Decision
from reference_server.relay.outcomes import Outcome, failed
from reference_server.relay.routes import Tls
from reference_server.relay.visit import Visit

Soften = Callable[[Parcel], None]  # to be sent with less security

_NO: Final = re.compile(rb"^TLS-Required:[ \t]*No[ \t]*\r$", re.IGNORECASE | re.MULTILINE)


async def conclude(visit: Visit, soften: Soften) -> None:
    """All that is still due is failed, made to wait, or left for another visit."""
    delivery, lane = visit.delivery, visit.delivery.lane
    lost = [left.parcel for left in visit.lost]
    lane.lost |= {parcel.id: delivery.now() for parcel in lost}
    if visit.halt.is_set:
        for parcel in lost:
            lane.add(parcel)
    elif visit.refusal is not None:
        parcels = [*lane.take_all(delivery.now()), *lost]
        await delivery.decide_all([_decision(parcel, visit.refusal) for parcel in parcels])
    elif visit.gave_up or lost:
        await _make_wait(visit, lost, soften)


async def _make_wait(visit: Visit, lost: Sequence[Parcel], soften: Soften) -> None:
    delivery = visit.delivery
    parcels = delivery.lane.take_all(delivery.now()) if visit.gave_up else []
    if visit.has_moved:
        # Somebody is there: what the connection was lost over is no matter of the others.
        alone = [(left.parcel, left.outcome) for left in visit.lost if left.outcome is not None]
        await delivery.decide_all([_decision(parcel, outcome) for parcel, outcome in alone])
    else:
        parcels = [*parcels, *lost]
    outcomes = [trouble.outcome for trouble in visit.troubles]
    outcomes += [left.outcome for left in visit.lost if left.outcome is not None]
    is_about_tls = not lost and all(trouble.is_about_tls for trouble in visit.troubles)
    if visit.tls is Tls.REQUIRED and is_about_tls:
        parcels = await _without_tls(delivery, parcels, outcomes[-1], soften)
    if parcels:
        await postpone(delivery, parcels, outcomes[-1])


async def postpone(delivery: Delivery, parcels: Iterable[Parcel], outcome: Outcome) -> None:
    """Nobody is there, or nobody any more: all wait for the same next try."""
    ledger, now = delivery.ledger, delivery.now()
    next_try = delivery.lane.fail(ledger.schedule, str(outcome), now, ledger.chance())
    decisions = [_decision(parcel, outcome, next_try) for parcel in parcels]
    await delivery.decide_all(decisions, for_host=True)


def _decision(parcel: Parcel, outcome: Outcome, next_try: float | None = None) -> Decision:
    return Decision(parcel.id, dict.fromkeys(parcel.addresses, outcome), next_try)


# --- no host that is safe enough -----------------------------------------------------------------


async def _without_tls(
    delivery: Delivery, parcels: Iterable[Parcel], outcome: Outcome, soften: Soften
) -> list[Parcel]:
    """Those that go on waiting for TLS; of the others the sender has said what he wants."""
    patient: list[Parcel] = []
    for parcel in parcels:
        item = delivery.ledger.items.get(parcel.id)
        if item is None:
            continue
        if mail_options(item.parameters).require_tls and item.reverse_path:
            # RFC 8689 4.2.1: it goes back at once.
            why = failed("5.7.10", outcome.words or str(outcome.reply), outcome.remote)
            await delivery.decide(parcel, why)
        elif mail_options(item.parameters).require_tls or await _says_no(delivery, parcel.id):
            soften(parcel)  # RFC 8689 5, a bounce; or 4.2.2, TLS-Required: No
        else:
            patient.append(parcel)
    return patient


async def _says_no(delivery: Delivery, id: str) -> bool:
    try:
        content = await delivery.ledger.queue.content(id)
    except (KeyError, OSError):
        return False
    return _NO.search(header_of(content)) is not None
