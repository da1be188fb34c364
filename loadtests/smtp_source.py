"""The letters of Postfix's smtp-source, translated: a target, a profile, a message to send.

Where a letter cannot be honoured, `notes` says so; nothing is passed over in silence.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.errors import UsageError
from harness.load_results import Stage
from harness.target import Address, Scheme, Target
from harness.target.address import is_host_name
from harness.target.target import Timeouts
from loadtests.profile import Behaviour, Pipelining, Profile, Span
from loadtests.thresholds import read_threshold

MOST_NUMBERED: Final = 100_000  # mailboxes of -N; then their numbers begin again
FOR_EVER: Final = 604_800.0  # seconds: -m ends the run, no clock does
_PATIENCE: Final = 300.0  # seconds, as smtp-source has it
_LINE: Final = 80  # octets of a line of -l, its CRLF included
_WHERE = re.compile(r"(?:inet:)?(\[[^\[\]]+\]|[^\[\]:]+)(?::([^:]+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """All that the command line of smtp-source says."""

    where: str  # [inet:]host[:port] or unix:path
    name: str  # -M: in HELO, and the domain of who has none
    ipv4: bool = False  # -4
    ipv6: bool = False  # -6
    goes_on: bool = False  # -A
    counts: bool = False  # -c
    retries: int = 1  # -C
    stays: bool = False  # -d
    sender: str | None = None  # -f
    file: Path | None = None  # -F
    length: int | None = None  # -l
    lmtp: bool = False  # -L
    messages: int = 1  # -m
    numbered: bool = False  # -N
    old: bool = False  # -o
    recipients: int = 1  # -r
    random: int | None = None  # -R
    sessions: int = 1  # -s
    subject: str | None = None  # -S
    recipient: str | None = None  # -t
    window: int | None = None  # -T
    verbose: bool = False  # -v
    wait: int | None = None  # -w

    @property
    def from_whom(self) -> str:
        """The reverse-path; empty for bounces."""
        return f"foo@{self.name}" if self.sender is None else self.sender

    @property
    def to_whom(self) -> str:
        """The recipient before any number stands in front."""
        return self.recipient or f"foo@{self.name}"


def make_target(letters: Letters, mine: Iterable[str] = ()) -> Target:
    """Where the mail goes; raises UsageError if that is nowhere, or two letters contradict."""
    address, named = _address(letters)
    owned = tuple(mine)
    return Target(
        address=address,
        our_name=letters.name,
        sender=letters.from_whom,
        recipients=mailboxes(letters),
        timeouts=Timeouts(greeting=_PATIENCE, reply=_PATIENCE),
        mine=(*owned, address.host) if named in owned else owned,
        arguments=(str(address),),
    )


def make_profile(letters: Letters, content: Path) -> Profile:
    """How the mail is sent, if `content` is the file that holds the message."""
    if letters.wait is not None and letters.random is not None:
        raise UsageError("-w and -R: one of them")
    if letters.length is not None and letters.file is not None:
        raise UsageError("-l and -F: one of them")
    sessions = letters.sessions
    return Profile(
        name="smtp-source",
        about="as smtp-source would",
        stages=(Stage(name="", begin=0.0, end=FOR_EVER, users=(sessions, sessions)),),
        behaviours=(
            Behaviour(
                name="smtp-source",
                messages_per_connection=None if letters.stays else Span(1, 1),
                think=_think(letters),
                contents=(letters.file or content,),
                recipients=Span(letters.recipients, letters.recipients),
                senders=(letters.from_whom,),
                mailboxes=mailboxes(letters),
                pipelining=Pipelining.OFF,
            ),
        ),
        messages=letters.messages,
        thresholds=(read_threshold(f"failures {'<= 100%' if letters.goes_on else '== 0'}"),),
        stop_when=() if letters.goes_on else (read_threshold("failures > 0"),),
    )


def mailboxes(letters: Letters) -> tuple[str, ...]:
    """The recipients that messages take turns with."""
    name, count = letters.to_whom, letters.recipients
    if letters.numbered:
        numbers = min(max(letters.messages * count, count), max(MOST_NUMBERED, count))
        return tuple(f"{number}{name}" for number in range(1, numbers + 1))
    return (*(f"{number}{name}" for number in range(count, 1, -1)), name)


def message(letters: Letters, date: str) -> bytes:
    """The message that is sent where no -F says which, with LF line ends, as a file has it."""
    fields = [
        f"From: <{letters.from_whom}>",
        f"To: <{letters.to_whom}>",
        f"Date: {date}",
        *([] if letters.subject is None else [f"Subject: {letters.subject}"]),
        "",
    ]
    body = _lullaby() if letters.length is None else _payload(letters.length)
    lines = [*([] if letters.old else fields), *body]
    return "".join(f"{line}\n" for line in lines).encode()


def notes(letters: Letters) -> Iterator[str]:
    """What will be otherwise than the letters say."""
    return (told for applies, told in _NOTES if applies(letters))


_NOTES: Final[tuple[tuple[Callable[[Letters], bool], str], ...]] = (
    (lambda it: it.counts, "-c: on a terminal progress is shown, and the end counts"),
    (
        lambda it: it.retries > 1,
        "-C: a connection that is refused is a failure; with -A it is tried again without end",
    ),
    (
        lambda it: it.numbered and (it.recipients > 1 or it.sessions > 1),
        "-N: sessions and recipients take turns with the numbers, so some come more than once",
    ),
    (
        lambda it: it.numbered and it.messages * it.recipients > MOST_NUMBERED,
        f"-N: after {MOST_NUMBERED:,} recipients the numbers begin again",
    ),
    (lambda it: it.old, "-o: EHLO is said all the same, and one field stands before the text"),
    (lambda it: it.window is not None, "-T: the system chooses the window"),
    (lambda it: it.verbose, "-v: dialogues are not shown; `smtp-harness sink -v` shows them"),
)


def _think(letters: Letters) -> Span | None:
    if letters.random is not None:
        return Span(0, letters.random)
    return None if letters.wait is None else Span(letters.wait, letters.wait)


def _lullaby() -> list[str]:
    return [f"La de da de da {number}." for number in range(1, 5)]


def _payload(length: int) -> Iterator[str]:
    """Lines of X, `length` octets in all but for the last line end; whole ones are counted."""
    whole = (length - 1) // _LINE
    for number in range(1, whole + 1):
        yield str(number % 10) + "X" * (_LINE - 3)
    yield "X" * (length - whole * _LINE)


# --- where -----------------------------------------------------------------------------------


def _address(letters: Letters) -> tuple[Address, str]:
    """The address, and the host as it was written."""
    scheme = Scheme.LMTP if letters.lmtp else Scheme.SMTP
    if letters.where.startswith("unix:"):
        path = str(Path(letters.where.removeprefix("unix:")).absolute())
        return Address(path, 0, scheme), path
    match = _WHERE.fullmatch(letters.where)
    if match is None:
        raise UsageError(f"{letters.where!r}: [inet:]host[:port] or unix:path")
    named = match[1].strip("[]")
    port = _port(match[2] or "smtp", letters.where)
    return Address(_host(named, port, letters), port, scheme), named


def _port(text: str, where: str) -> int:
    if re.fullmatch("[0-9]{1,5}", text) and 0 < int(text) < 65_536:
        return int(text)
    try:
        return socket.getservbyname(text, "tcp")
    except OSError:
        raise UsageError(f"{where!r}: no port is called {text!r}") from None


def _host(named: str, port: int, letters: Letters) -> str:
    """The host; where -4 or -6 asks for a family, an address of that."""
    if not is_host_name(named):
        raise UsageError(f"{letters.where!r}: {named!r} is no host name")
    if letters.ipv4 == letters.ipv6:
        return named
    family = socket.AF_INET if letters.ipv4 else socket.AF_INET6
    try:
        found = socket.getaddrinfo(named, port, family, socket.SOCK_STREAM)
    except OSError as problem:
        raise UsageError(f"{letters.where!r}: {problem.strerror or problem}") from None
    return str(found[0][4][0])
