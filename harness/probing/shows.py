"""What shows that an extension works: one question for each, or a table's row of parameters.

No message is sent.  What an extension must refuse is asked as well: a server that takes any value
of a parameter shows nothing by taking the right one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from harness.errors import PeerError
from harness.probing.talk import Talk
from harness.probing.visiting import Visitor
from harness.protocol.replies import CHALLENGE, Reply, number

UNHEARD_OF = "X-SMTP-HARNESS=1"  # a parameter that nobody knows
_UNKNOWN = frozenset({500, 502})  # RFC 5321 4.2.4: not recognized, not implemented
_NOT_NOW = frozenset({530, 538})  # a log-in or TLS first


@dataclass(frozen=True, slots=True)
class Shown:
    """Whether it works, None if that cannot be told; and why."""

    works: bool | None
    note: str = ""
    proves: bool = True  # that it works says something: not anything would have been taken


Show = Callable[[Visitor], Awaitable[Shown]]


def by_mail(*good: str, bad: str | None = None, sender: str | None = None) -> Show:
    """Taken with these parameters of MAIL, and refused with a bad one."""

    async def show(visitor: Visitor) -> Shown:
        talk = await visitor.talk()
        answer = await talk.mail(*good, sender=sender)
        if not answer.is_positive:
            return _refused(f"MAIL ... {' '.join(good)}", answer)
        if bad is not None:
            return await _bad_is_refused(visitor, bad)
        return await _unheard_of_is_refused(visitor)

    return show


async def _bad_is_refused(visitor: Visitor, bad: str) -> Shown:
    answer = await (await visitor.talk()).mail(bad)
    if answer.is_positive:
        return Shown(False, f"takes {bad} too: {answer}", proves=False)
    return Shown(True)


async def _unheard_of_is_refused(visitor: Visitor) -> Shown:
    answer = await (await visitor.talk()).mail(UNHEARD_OF)
    if answer.is_positive:
        return Shown(True, f"takes any parameter, {UNHEARD_OF} too: {answer}", proves=False)
    return Shown(True)


async def pipelining(visitor: Visitor) -> Shown:
    """A batch is answered in its order, whatever is wrong with one of its commands."""
    talk = await visitor.talk()
    mail = f"MAIL FROM:<{visitor.target.sender}>\r\n".encode()
    batch = [b"NOOP\r\n", mail, b"X-SMTP-HARNESS\r\n", b"RSET\r\n", b"RCPT TO:<>\r\n", b"NOOP\r\n"]
    replies = await talk.ask_all(batch)
    found = [reply.code // 100 for reply in replies]
    demanded = replies[1].code in _NOT_NOW
    wanted = [2, 5 if demanded else 2, 5, 2, 5, 2]
    if found == wanted:
        return Shown(True)
    codes = " ".join(str(reply.code) for reply in replies)
    return Shown(False, f"NOOP MAIL X-SMTP-HARNESS RSET RCPT NOOP in one write: {codes}")


async def size(visitor: Visitor) -> Shown:
    """MAIL takes what it says it takes, and one octet more it does not."""
    talk = await visitor.talk()
    limit = told_size(talk)
    answer = await talk.mail(f"SIZE={limit or 1}")
    if not answer.is_positive:
        return _refused(f"MAIL ... SIZE={limit or 1}", answer)
    if not limit:
        return await _bad_is_refused(visitor, "SIZE=large")
    answer = await (await visitor.talk()).mail(f"SIZE={limit + 1}")
    if answer.is_positive:
        return Shown(False, f"MAIL ... SIZE={limit + 1} was answered {answer}")
    return Shown(True)


def told_size(talk: Talk) -> int:
    """The limit behind SIZE; 0 if none is told (RFC 1870 4)."""
    words = talk.capabilities.keywords.get("SIZE", ())
    return next(filter(None, map(number, words)), 0)


async def chunking(visitor: Visitor) -> Shown:
    """BDAT takes its octets, and RSET takes the message back."""
    talk = await visitor.talk()
    has_recipient = (await talk.mail()).is_positive and (
        await talk.rcpt(visitor.target.recipient)
    ).is_positive
    # Who does not know BDAT takes what follows for a command, and this is a harmless one.
    (answer,) = await talk.ask_all([b"BDAT 6\r\nNOOP\r\n"])
    if answer.is_positive:
        reset = await talk.ask("RSET")
        return Shown(reset.is_positive, "" if reset.is_positive else f"RSET behind it: {reset}")
    await visitor.leave()  # whether the octets count as a command is not known now
    if not has_recipient and answer.code not in _UNKNOWN:
        return Shown(None, f"no recipient to try it with: BDAT was answered {answer}")
    return _refused("BDAT", answer)


async def dsn(visitor: Visitor) -> Shown:
    """MAIL and RCPT take what they should, and not what they should not."""
    talk = await visitor.talk()
    answer = await talk.mail("RET=HDRS", "ENVID=smtp-harness")
    if not answer.is_positive:
        return _refused("MAIL ... RET=HDRS ENVID=smtp-harness", answer)
    recipient = visitor.target.recipient
    answer = await talk.rcpt(recipient, "NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;x@example.test")
    if answer.is_positive:
        # RFC 3461 4.1: NEVER stands alone.
        answer = await talk.rcpt(recipient, "NOTIFY=NEVER,SUCCESS")
        if answer.is_positive:
            return Shown(False, f"takes NOTIFY=NEVER,SUCCESS too: {answer}", proves=False)
    elif (await talk.rcpt(recipient)).is_positive:
        return _refused("RCPT ... NOTIFY=SUCCESS,FAILURE", answer)
    return await _bad_is_refused(visitor, "RET=NOTHING")


async def status_codes(visitor: Visitor) -> Shown:
    """Each reply that may carry an enhanced code does, and its class is that of the reply."""
    talk = await visitor.talk()
    talk.heard.clear()
    mail = f"MAIL FROM:<{talk.target.sender}>"
    for command in ("NOOP", "RCPT TO:<>", "X-SMTP-HARNESS", mail, "RSET"):
        await talk.ask(command)
    without = [verb for verb, reply in talk.heard if not _has_enhanced(reply)]
    if len(without) == len(talk.heard):
        return Shown(False, "no reply has one")
    return Shown(not without, f"not in the reply to {', '.join(without)}" if without else "")


def _has_enhanced(reply: Reply) -> bool:
    # RFC 2034 4: the first digits are the same.
    enhanced = reply.enhanced
    return enhanced is not None and enhanced.klass == reply.code // 100


async def start_tls(visitor: Visitor) -> Shown:
    """The handshake succeeds; within TLS it must not be offered any more (RFC 3207 4.2)."""
    if visitor.within_tls:
        talk = await visitor.talk()
        offered = "STARTTLS" in talk.capabilities
        return Shown(False, "offered within TLS (RFC 3207 4.2)" if offered else "")
    talk = await visitor.arrive()
    try:
        problem = await talk.start_tls(visitor.any_certificate())
    finally:
        await talk.aclose()
    return Shown(not problem, problem)


async def auth(visitor: Visitor) -> Shown:
    """A mechanism asks for a response, and `*` takes the exchange back (RFC 4954 4)."""
    talk = await visitor.talk()
    offered = talk.capabilities.mechanisms
    usual = [name for name in ("PLAIN", "LOGIN") if name in offered]
    mechanism = (*usual, *offered, "PLAIN")[0]
    answer = await talk.ask(f"AUTH {mechanism}")
    if answer.code != CHALLENGE:
        return _refused(f"AUTH {mechanism}", answer)
    answer = await talk.ask("*")
    if answer.code != 501:
        return Shown(False, f"AUTH {mechanism}, then *: {answer}")
    return Shown(True)


def by_command(line: str, works: Sequence[int], knows: Sequence[int] = ()) -> Show:
    """A command of its own, answered by one of these codes.

    By those of `knows` the server shows that it knows the command, and that nothing comes of it.
    """

    async def show(visitor: Visitor) -> Shown:
        answer = await (await visitor.talk()).ask(line)
        if answer.code in (*works, *knows):
            return Shown(True, f"{line}: {answer}", proves=answer.code in works)
        return _refused(line, answer)

    return show


def _refused(what: str, answer: Reply) -> Shown:
    words = f"{what} was answered {answer}"
    if answer.code in _NOT_NOW or answer.code // 100 == 4:
        return Shown(None, words)
    return Shown(False, words)


async def shown(show: Show, visitor: Visitor) -> Shown:
    """What a question shows; that the server hangs up over it is an answer."""
    try:
        return await show(visitor)
    except PeerError as problem:
        return Shown(False, str(problem))
