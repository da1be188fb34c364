"""Lies that attackers live on: control characters, disguised relaying, limits that nobody keeps."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from harness.protocol.addresses import ForwardPath, Mailbox, ReversePath, read_forward_path
from harness.protocol.commands import Objection
from harness.protocol.order import Verb
from harness.protocol.receiver import RULES, Answer
from harness.protocol.receiver.lines import LineReader
from harness.protocol.sasl import Attempt, Challenge, Judging, Spoilt
from harness.protocol.transparency import DataReader
from reference_server.lies.model import Lie, answers_with, no_objection, with_limits

# --- lines ---------------------------------------------------------------------------------------


class _NulEndsIt(LineReader):
    """Reads lines as C reads strings."""

    def take(self, limit: int) -> bytes | None:
        """The line up to its first NUL."""
        line = super().take(limit)
        return None if line is None else line.partition(b"\0")[0]


class _RunsOn(LineReader):
    """Takes what is longer than a line may be for two lines."""

    def feed(self, octets: bytes) -> None:
        """End a line where its buffer is full."""
        super().feed(re.sub(rb"([^\r\n]{512})(?=[^\r\n])", rb"\1\r\n", octets))


class _TabBehindMail(LineReader):
    """Takes a tab for a blank in MAIL alone."""

    def take(self, limit: int) -> bytes | None:
        """The line with that blank."""
        line = super().take(limit)
        return None if line is None else re.sub(rb"^MAIL\t", b"MAIL ", line)


def _first_record(octets: bytes) -> int:
    at = octets.find(b"\x16\x03")  # a handshake of version 3 (RFC 8446 5.1)
    return at if at >= 0 else len(octets)


class _OneAtATime(LineReader):
    """Waits for the rest of a line, and for nothing else."""

    def take(self, limit: int) -> bytes | None:
        """The line; while it is not whole the whole server stands still."""
        line = super().take(limit)
        if line is None and self._buffer == b"NO":  # half a NOOP, or other cases would wait as well
            time.sleep(_STANDSTILL)
        return line


_STANDSTILL = 4.0  # seconds: more than the case that is about it has patience for

# --- relaying ------------------------------------------------------------------------------------

_DISGUISE = re.compile(rb"<@|%|!|\".*@|@.*@|\.>|@\[|^[^<]")


def _see_through(octets: bytes, *, utf8: bool) -> ForwardPath | Objection:
    """Finds a stranger's address in any disguise, and means to write to it."""
    if _DISGUISE.search(octets):
        return ForwardPath(Mailbox("postmaster", ""))
    return read_forward_path(octets, utf8=utf8)


def _is_one_of_us(sender: ReversePath) -> bool:
    return sender.mailbox is None or sender.mailbox.domain in ("example.test", "[127.0.0.1]")


# --- text ----------------------------------------------------------------------------------------


def _header_of_32_kib(octets: bytes) -> bytes:
    content = RULES.unstuff(octets)
    header, end, body = content.partition(b"\r\n\r\n")
    return header[:32_768].rpartition(b"\r\n")[0] + end + body if len(header) > 32_768 else content


def _fields_of_4_kib(octets: bytes) -> bytes:
    return re.sub(rb"(\n[\w-]+:(?:.|\n[ \t]){4096})(?:.|\n[ \t])*", rb"\1\r", RULES.unstuff(octets))


class _Hasty(DataReader):
    """Takes what there is for the whole message if it ends within a line."""

    def feed(self, octets: bytes) -> None:
        """End the text where a segment ends within a line."""
        is_short = bool(octets) and not octets.endswith(b"\r\n")
        super().feed(octets + b"\r\n.\r\n" if is_short else octets)


# --- log-ins -------------------------------------------------------------------------------------


class _Telling(Attempt):
    """Says who has no account here."""

    def begin(self, initial: bytes | None) -> Challenge | Judging | Spoilt:
        """Refuse nobody's log-in otherwise than a wrong password."""
        found = super().begin(initial)
        is_nobody = initial is not None and b"AG5vYm9keQ" in initial
        return Spoilt.BAD_BASE64 if is_nobody else found


_EMPTY_IS_NOOP: Final = {
    service: {**words, b"": Verb.NOOP} for service, words in RULES.words.items()
}

ATTACKS: Final[Mapping[str, Lie]] = {
    "nul-ends-command": Lie("NUL ends a command", replace(RULES, line_reader=_NulEndsIt)),
    "long-line-runs-on": Lie(
        "what does not fit into a buffer of 512 octets is a command of its own",
        replace(RULES, line_reader=_RunsOn),
    ),
    "tab-behind-mail": Lie(
        "a tab may stand behind MAIL, and behind no other command",
        replace(RULES, line_reader=_TabBehindMail),
    ),
    "empty-verb-is-noop": Lie(
        "a line that begins with a blank does nothing, an empty one too",
        replace(RULES, words=_EMPTY_IS_NOOP),
    ),
    "one-at-a-time": Lie(
        "who has sent half a NOOP keeps everybody waiting", replace(RULES, line_reader=_OneAtATime)
    ),
    "clear-text-before-handshake": Lie(
        "what comes in the clear behind the 220 of STARTTLS runs inside TLS",
        replace(RULES, handshake_at=_first_record),
    ),
    "host-unknown": Lie(
        "a handshake that asks for another host fails",
        replace(RULES, knows_name=lambda name: name in (None, "localhost")),
    ),
    "host-unnamed": Lie(
        "a handshake that asks for no host fails",
        replace(RULES, knows_name=lambda name: name is not None),
    ),
    "relay-in-disguise": Lie(
        "mail for elsewhere is taken if the address looks like one of ours",
        replace(RULES, read_forward_path=_see_through),
    ),
    "relay-for-our-names": Lie(
        "mail for elsewhere is taken from who says that he is one of ours, or nobody",
        replace(RULES, vouches=_is_one_of_us),
    ),
    "recipients-without-end": Lie(
        "a message may have any recipients", with_limits(recipients=10**9)
    ),
    "junk-without-end": Lie("NOOP may be said for ever", with_limits(junk=10**9, errors=10**9)),
    "guesses-without-end": Lie(
        "passwords may be guessed for ever", with_limits(log_ins=10**9, errors=10**9)
    ),
    "header-cut": Lie("a header over 32 KiB is cut", replace(RULES, unstuff=_header_of_32_kib)),
    "field-cut": Lie("a header field over 4 KiB is cut", replace(RULES, unstuff=_fields_of_4_kib)),
    "partial-text-delivered": Lie(
        "a text that breaks off within a line is delivered",
        replace(RULES, data_reader=_Hasty, object_to_content=no_objection),
    ),
    "unknown-user-told": Lie(
        "AUTH tells who has no account from who has another password",
        replace(RULES, attempt=_Telling),
    ),
    "unknown-command-250": Lie(
        "a command that is not known is answered 250",
        replace(RULES, answers=answers_with(UNKNOWN_COMMAND=Answer(250, "2.0.0", "Whatever"))),
    ),
}
