"""Lies told by the mechanisms of AUTH: LOGIN, PLAIN, CRAM-MD5 and OAUTHBEARER."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from harness.protocol.receiver import RULES, Rules
from harness.protocol.sasl import (
    Attempt,
    Challenge,
    Denied,
    Granted,
    Mechanism,
    ServerSide,
    open_server,
)
from harness.protocol.sasl.cram_md5 import cram_md5_server, message_id
from harness.protocol.sasl.exchange import ServerSteps
from reference_server.lies.exchanges import honestly, rewriting, row, with_mechanisms
from reference_server.lies.model import Lie

# --- LOGIN -------------------------------------------------------------------------------------


class _Unencoded(Attempt):
    """Prompts as they are, not in base64."""

    def _challenge(self, octets: bytes) -> Challenge:
        is_prompt = octets in (b"Username:", b"Password:")
        return Challenge(octets.decode()) if is_prompt else super()._challenge(octets)


def _no_strangers(side: ServerSide) -> ServerSteps:
    users = side.credentials
    name = yield b"Username:"
    if isinstance(users, Collection) and name.decode("utf-8", "replace") not in users:
        return Denied()
    return honestly("LOGIN", side, name, (yield b"Password:"))


# --- PLAIN -------------------------------------------------------------------------------------


def _nothing_unless_for_somebody(message: bytes) -> bytes:
    return b"" if message.startswith(b"\0") else message


def _for_oneself(message: bytes) -> bytes:
    return re.sub(rb"\A[^\0]+\0", b"\0", message)


def _nothing_if_for_somebody(message: bytes) -> bytes:
    return message if message.startswith(b"\0") else b""


def _without_soft_hyphens(message: bytes) -> bytes:
    return message.replace(b"\xc2\xad", b"")


def _asking_again(side: ServerSide) -> ServerSteps:
    message = yield b""
    while not re.fullmatch(rb"[^\0]*\0[^\0]+\0[^\0]*", message):
        message = yield b""
    return honestly("PLAIN", side, message)


def _no_password_will_do(side: ServerSide) -> ServerSteps:
    message = yield b""
    match = re.fullmatch(rb"\0([^\0]+)\0", message)
    if match is not None:
        return Granted(match[1].decode("utf-8", "replace"))
    return honestly("PLAIN", side, message)


# --- CRAM-MD5 ----------------------------------------------------------------------------------


def _challenging(make_challenge: Callable[[ServerSide], bytes]) -> Rules:
    server = partial(cram_md5_server, make_challenge=make_challenge)
    return with_mechanisms(CRAM_MD5=row("CRAM-MD5", server=server))


def _without_brackets(side: ServerSide) -> bytes:
    return message_id(side).strip(b"<>")


def _the_same_every_time(side: ServerSide) -> bytes:
    return f"<1896.697170952@{side.host}>".encode()


def _no_lower_case(message: bytes) -> bytes:
    return re.sub(rb" [0-9a-f]{32}\Z", b"", message)


def _any_digest(side: ServerSide) -> ServerSteps:
    response = yield message_id(side)
    return Granted(response.split(b" ")[0].decode("utf-8", "replace"))


# --- OAUTHBEARER -------------------------------------------------------------------------------


def _refused_at_once(side: ServerSide) -> ServerSteps:
    return honestly("OAUTHBEARER", side, (yield b""), b"\x01")


def _asking_for_ever(side: ServerSide) -> ServerSteps:
    challenge = b""
    while True:
        outcome = open_server("OAUTHBEARER", side).feed((yield challenge))
        if isinstance(outcome, Granted):
            return outcome
        challenge = outcome if isinstance(outcome, bytes) else b"{}"


def _letting_in(pattern: bytes) -> Mechanism:
    """The row that takes any message in which the pattern is found."""

    def steps(side: ServerSide) -> ServerSteps:
        message = yield b""
        if re.search(pattern, message):
            return Granted("somebody")
        server = open_server("OAUTHBEARER", side)
        outcome = server.feed(message)
        while isinstance(outcome, bytes):
            outcome = server.feed((yield outcome))
        return outcome

    return row("OAUTHBEARER", server=steps)


LYING_MECHANISMS: Final[Mapping[str, Lie]] = {
    "login-prompts-in-clear": Lie(
        "the prompts of LOGIN are not in base64", replace(RULES, attempt=_Unencoded)
    ),
    "login-takes-no-initial": Lie(
        "LOGIN refuses a name in the AUTH line",
        with_mechanisms(LOGIN=row("LOGIN", takes_initial=False)),
    ),
    "login-tells-who-exists": Lie(
        "LOGIN asks no password of who does not exist",
        with_mechanisms(LOGIN=row("LOGIN", server=_no_strangers)),
    ),
    "plain-needs-authzid": Lie(
        "PLAIN wants to know for whom one acts",
        with_mechanisms(PLAIN=rewriting("PLAIN", heard=_nothing_unless_for_somebody)),
    ),
    "plain-ignores-authzid": Lie(
        "by PLAIN one may say to act for anybody",
        with_mechanisms(PLAIN=rewriting("PLAIN", heard=_for_oneself)),
    ),
    "plain-refuses-authzid": Lie(
        "PLAIN refuses whoever says as whom to act",
        with_mechanisms(PLAIN=rewriting("PLAIN", heard=_nothing_if_for_somebody)),
    ),
    "plain-prepares-to-nothing": Lie(
        "a name of which nothing is left is taken for none",
        with_mechanisms(PLAIN=rewriting("PLAIN", heard=_without_soft_hyphens)),
    ),
    "plain-asks-again": Lie(
        "PLAIN asks until the message has three parts",
        with_mechanisms(PLAIN=row("PLAIN", server=_asking_again)),
    ),
    "empty-password": Lie(
        "by PLAIN an empty password lets anybody in",
        with_mechanisms(PLAIN=row("PLAIN", server=_no_password_will_do)),
    ),
    "cram-takes-initial": Lie(
        "CRAM-MD5 takes a response in the AUTH line",
        with_mechanisms(CRAM_MD5=row("CRAM-MD5", takes_initial=True)),
    ),
    "cram-without-brackets": Lie(
        "the challenge of CRAM-MD5 has no brackets",
        _challenging(_without_brackets),
    ),
    "cram-same-challenge": Lie(
        "the challenge of CRAM-MD5 is always the same",
        _challenging(_the_same_every_time),
    ),
    "cram-wants-upper-case": Lie(
        "CRAM-MD5 takes no digest in lower case",
        with_mechanisms(CRAM_MD5=rewriting("CRAM-MD5", heard=_no_lower_case)),
    ),
    "cram-unchecked": Lie(
        "CRAM-MD5 takes any digest", with_mechanisms(CRAM_MD5=row("CRAM-MD5", server=_any_digest))
    ),
    "bearer-refused-at-once": Lie(
        "OAUTHBEARER tells nobody what is wrong",
        with_mechanisms(OAUTHBEARER=row("OAUTHBEARER", server=_refused_at_once)),
    ),
    "bearer-asks-again": Lie(
        "OAUTHBEARER that has failed goes on for ever",
        with_mechanisms(OAUTHBEARER=row("OAUTHBEARER", server=_asking_for_ever)),
    ),
    "bearer-of-nothing": Lie(
        "OAUTHBEARER needs no token",
        with_mechanisms(OAUTHBEARER=_letting_in(rb"\An,[^\x01]*\x01(?!.*auth=)")),
    ),
    "bearer-of-anything": Lie(
        "OAUTHBEARER takes any token",
        with_mechanisms(OAUTHBEARER=_letting_in(rb"\x01auth=Bearer ")),
    ),
}
