"""Settling: outcomes applied to an item; what to remember, and what there is to tell (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reference_server.bounces import Action, Finding
from reference_server.queue.items import Fate, Item, QueuedRecipient
from reference_server.relay.outcomes import EFFECTS, Kind, Outcome, failed, postponed
from reference_server.relay.schedule import Schedule, is_overdue, is_returned


@dataclass(frozen=True, slots=True)
class Settlement:
    """An item after a try."""

    item: Item
    changed: tuple[QueuedRecipient, ...]
    findings: tuple[Finding, ...]


def settle(
    item: Item,
    outcomes: Mapping[str, Outcome],
    plan: Schedule,
    now: float,
    *,
    next_try: float | None = None,
    chance: float = 0.0,
) -> Settlement:
    """The item with these outcomes; `next_try` is when the destination can be tried again."""
    decided = {
        one.address: _decide(item, one, outcomes[one.address], plan, now, next_try, chance)
        for one in item.recipients
        if one.address in outcomes and one.fate is Fate.WAITING
    }
    recipients = tuple(
        decided[one.address][0] if one.address in decided else one for one in item.recipients
    )
    changed = tuple(recipient for recipient, _ in decided.values())
    findings = tuple(finding for _, finding in decided.values() if finding is not None)
    return Settlement(replace(item, recipients=recipients), changed, findings)


def meet_deadline(item: Item, plan: Schedule) -> Settlement:
    """What is due at the deadline of RFC 2852 if the message shall not go back: to tell of it."""
    late = [one for one in item.recipients if one.fate is Fate.WAITING and not one.told_of_delay]
    told = {one.address: replace(one, told_of_delay=True) for one in late}
    recipients = tuple(told.get(one.address, one) for one in item.recipients)
    outcome = postponed("4.4.7", "not delivered by the time that was asked for")
    findings = tuple(
        replace(_finding(one, Action.DELAYED, outcome, None), retry_until=plan.expires(item))
        for one in late
    )
    return Settlement(replace(item, recipients=recipients), tuple(told.values()), findings)


def _decide(
    item: Item,
    recipient: QueuedRecipient,
    outcome: Outcome,
    plan: Schedule,
    now: float,
    next_try: float | None,
    chance: float,
) -> tuple[QueuedRecipient, Finding | None]:
    tried = replace(recipient, tries=recipient.tries + 1, last=str(outcome))
    if outcome.kind is Kind.POSTPONED and is_overdue(item, now) and is_returned(item):
        outcome = failed("5.4.7", f"not delivered by the time that was asked for; last: {outcome}")
    if outcome.kind is not Kind.POSTPONED:
        fate, action = EFFECTS[outcome.kind]
        finding = None if action is None else _finding(tried, action, outcome, now)
        return replace(tried, fate=fate), finding
    when = now + plan.pause(tried.tries, chance) if next_try is None else next_try
    if not plan.may_wait_until(item, when):
        # RFC 3464 2.3.3: the status stays what it was, of class 4; it is the action that is final.
        times = "one try" if tried.tries == 1 else f"{tried.tries} tries"
        gone = replace(outcome, words=f"{outcome.words} (given up after {times})".strip())
        return replace(tried, fate=Fate.FAILED), _finding(tried, Action.FAILED, gone, now)
    waiting = replace(tried, not_before=when)
    if tried.told_of_delay or not plan.is_slow(item, now):
        return waiting, None
    finding = replace(_finding(tried, Action.DELAYED, outcome, now), retry_until=plan.expires(item))
    return replace(waiting, told_of_delay=True), finding


def _finding(
    recipient: QueuedRecipient, action: Action, outcome: Outcome, at: float | None
) -> Finding:
    return Finding(
        address=recipient.address,
        parameters=recipient.parameters,
        action=action,
        status=outcome.status,
        words=outcome.words,
        remote=outcome.remote,
        reply=outcome.reply,
        at=at,
        asked_by_deadline=outcome.asked_by_deadline,
    )
