"""Limits, measured rather than believed: size, length of a line, recipients, errors, idleness.

Whoever is measured has to bear a little of what a hostile client does, so this is for servers of
one's own, or for who says so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

from harness.errors import PeerError
from harness.probing.card import Measured
from harness.probing.shows import told_size
from harness.probing.talk import Talk
from harness.probing.visiting import Visitor
from harness.protocol.replies import Reply

LARGEST = 2**50  # octets of a message: more than any limit
LONGEST = 65_536  # octets of a command line
MANY_RECIPIENTS = 1_000
MANY_ERRORS = 100
_SHORTEST = 512  # RFC 5321 4.5.3.1.4


async def measure_size(visitor: Visitor) -> Measured:
    """The largest SIZE that MAIL takes."""
    talk = await visitor.talk()
    if "SIZE" not in talk.capabilities:
        return Measured(what="message size", told="nothing", found="SIZE is not offered")
    told = told_size(talk)

    async def takes(octets: int) -> Reply:
        return await (await visitor.talk()).mail(f"SIZE={octets}")

    found, refusal = await _largest(takes, told or 1, LARGEST)
    words = f"{told:,} octets" if told else "no limit"
    if refusal is None:
        return Measured(what="message size", told=words, found=f"MAIL takes SIZE={found:,}")
    if not found:
        return Measured(what="message size", told=words, found=f"nothing is taken: {refusal}")
    return Measured(
        what="message size",
        told=words,
        found=f"MAIL takes SIZE={found:,}, not {found + 1:,}: {refusal}",
    )


async def measure_line(visitor: Visitor) -> Measured:
    """The longest command line that is understood."""

    async def takes(octets: int) -> Reply:
        filler = "x" * (octets - len("NOOP \r\n"))
        return await (await visitor.talk()).ask(f"NOOP {filler}")

    what, told = "command line", "512 octets (RFC 5321)"
    found, refusal = await _largest(takes, _SHORTEST, LONGEST)
    if refusal is None:
        return Measured(what=what, told=told, found=f"NOOP of {found:,} octets is taken")
    if not found:
        return Measured(what=what, told=told, found=f"NOOP of {_SHORTEST} octets: {refusal}")
    return Measured(what=what, told=told, found=f"{found:,} octets, not {found + 1:,}: {refusal}")


async def measure_recipients(visitor: Visitor) -> Measured:
    """How many recipients one transaction bears."""
    target, what = visitor.target, "recipients"
    talk = await visitor.talk()
    told = _told_recipients(talk)
    answer = await talk.mail()
    if not answer.is_positive:
        return Measured(what=what, told=told, found=f"MAIL was answered {answer}")
    for taken in range(MANY_RECIPIENTS):
        recipient = target.many.replace("{n}", str(taken)) if target.many else target.recipient
        answer = await talk.rcpt(recipient)
        if not answer.is_positive:
            return Measured(what=what, told=told, found=f"{taken:,}, then {answer}")
    return Measured(what=what, told=told, found=f"{MANY_RECIPIENTS:,} are taken")


def _told_recipients(talk: Talk) -> str:
    words = talk.capabilities.keywords.get("LIMITS", ())
    told = (word[8:] for word in words if word.upper().startswith("RCPTMAX="))
    return next(told, "at least 100 (RFC 5321)")


async def measure_errors(visitor: Visitor) -> Measured:
    """How many commands that make no sense it bears before it hangs up."""
    await visitor.leave()
    talk = await visitor.talk()
    answer = None
    for number in range(1, MANY_ERRORS + 1):
        try:
            answer = await talk.ask("X-SMTP-HARNESS")
        except PeerError as problem:
            return Measured(what="errors", found=f"hung up after {number - 1}: {problem}")
        if talk.is_over:
            return Measured(what="errors", found=f"hung up at number {number}: {answer}")
    return Measured(what="errors", found=f"still there after {MANY_ERRORS}")


async def measure_idleness(visitor: Visitor, longest: float) -> Measured:
    """How long it bears a client that says nothing."""
    talk = await visitor.arrive()
    began = trio.current_time()
    try:
        stayed = await talk.wire.silence(longest)
        seconds = trio.current_time() - began
    finally:
        await talk.aclose()
    words = f"still there after {longest:g} s" if stayed else f"ended after {seconds:.1f} s"
    return Measured(what="idle", told="at least 300 s (RFC 5321)", found=words)


async def _largest(
    takes: Callable[[int], Awaitable[Reply]], first: int, last: int
) -> tuple[int, str | None]:
    """The largest number that is taken, and what the next one is answered; None if all are."""
    good, step = 0, first
    while True:
        refusal = await _refusal(takes, step)
        if refusal is not None:
            break
        if step >= last:
            return step, None
        # What is told is tried first, and what is just above it next.
        good, step = step, step + 1 if good == 0 else min(last, 2 * step)
    bad = step
    while bad - good > 1:
        middle = (good + bad) // 2
        found = await _refusal(takes, middle)
        if found is None:
            good = middle
        else:
            bad, refusal = middle, found
    return good, refusal


async def _refusal(takes: Callable[[int], Awaitable[Reply]], number: int) -> str | None:
    try:
        answer = await takes(number)
    except PeerError as problem:
        return str(problem)
    return None if answer.is_positive else str(answer)
