"""Lies told by the mechanisms of AUTH: LOGIN, PLAIN, CRAM-MD5 and SCRAM."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from harness.protocol.receiver import RULES, Rules
from harness.protocol.sasl import (
    MECHANISMS,
    Ability,
    Attempt,
    Challenge,
    Credentials,
    Denied,
    Granted,
    Mechanism,
    ScramKeys,
    ServerSide,
    derive_keys,
    open_server,
)
from harness.protocol.sasl.cram_md5 import cram_md5_server, message_id
from harness.protocol.sasl.exchange import ServerSteps
from harness.protocol.sasl.gs2 import Gs2Header
from harness.protocol.sasl.scram import Due, bound_octets, is_right, scram_server
from harness.protocol.sasl.scram_messages import ClientFinal, read_client_first
from harness.protocol.sasl.sides import Bindings
from reference_server.lies.model import Lie, as_it_is

Rewrite = Callable[[bytes], bytes]


def _with(**rows: Mechanism) -> Rules:
    """The rules with other rows in the table of mechanisms; _ stands for - in their names."""
    named = {name.replace("_", "-"): row for name, row in rows.items()}
    return replace(RULES, attempt=partial(Attempt, mechanisms={**MECHANISMS, **named}))


def _row(mechanism: str, **changed: Any) -> Mechanism:
    return replace(MECHANISMS[mechanism], **changed)


def _rewriting(
    mechanism: str,
    *,
    heard: Rewrite = as_it_is,
    said: Rewrite = as_it_is,
    server: Callable[[ServerSide], ServerSteps] | None = None,
) -> Mechanism:
    """The row of a mechanism that hears, or says, something else than goes over the wire."""
    inner = server or MECHANISMS[mechanism].server

    def steps(side: ServerSide) -> ServerSteps:
        honest = inner(side)
        challenge = next(honest)
        while True:
            response = yield said(challenge)
            try:
                challenge = honest.send(heard(response))
            except StopIteration as end:
                outcome: Granted | Denied = end.value
                return outcome

    return _row(mechanism, server=steps)


def _honestly(mechanism: str, side: ServerSide, *messages: bytes) -> Granted | Denied:
    """How an exchange with these messages ends that the honest mechanism has judged."""
    server = open_server(mechanism, side)
    outcome = [server.feed(message) for message in messages][-1]
    return Denied() if isinstance(outcome, bytes) else outcome


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
    return _honestly("LOGIN", side, name, (yield b"Password:"))


# --- PLAIN -------------------------------------------------------------------------------------


def _nothing_unless_for_somebody(message: bytes) -> bytes:
    return b"" if message.startswith(b"\0") else message


def _for_oneself(message: bytes) -> bytes:
    return re.sub(rb"\A[^\0]+\0", b"\0", message)


def _asking_again(side: ServerSide) -> ServerSteps:
    message = yield b""
    while not re.fullmatch(rb"[^\0]*\0[^\0]+\0[^\0]*", message):
        message = yield b""
    return _honestly("PLAIN", side, message)


def _no_password_will_do(side: ServerSide) -> ServerSteps:
    message = yield b""
    match = re.fullmatch(rb"\0([^\0]+)\0", message)
    if match is not None:
        return Granted(match[1].decode("utf-8", "replace"))
    return _honestly("PLAIN", side, message)


# --- CRAM-MD5 ----------------------------------------------------------------------------------


def _challenging(make_challenge: Callable[[ServerSide], bytes]) -> Rules:
    server = partial(cram_md5_server, make_challenge=make_challenge)
    return _with(CRAM_MD5=_row("CRAM-MD5", server=server))


def _without_brackets(side: ServerSide) -> bytes:
    return message_id(side).strip(b"<>")


def _the_same_every_time(side: ServerSide) -> bytes:
    return f"<1896.697170952@{side.host}>".encode()


def _no_lower_case(message: bytes) -> bytes:
    return re.sub(rb" [0-9a-f]{32}\Z", b"", message)


def _any_digest(side: ServerSide) -> ServerSteps:
    response = yield message_id(side)
    return Granted(response.split(b" ")[0].decode("utf-8", "replace"))


# --- SCRAM -------------------------------------------------------------------------------------


def _scram(
    *,
    binds: bool = False,
    bound_octets: Callable[..., bytes | None] = bound_octets,
    is_right: Callable[[ClientFinal, Due], bool] = is_right,
) -> Mechanism:
    """The row of SCRAM-SHA-256, or of -PLUS, that judges by something else."""
    name = "SCRAM-SHA-256-PLUS" if binds else "SCRAM-SHA-256"
    server = partial(scram_server, binds=binds, bound_octets=bound_octets, is_right=is_right)
    return _row(name, server=server)


def _any_nonce(final: ClientFinal, due: Due) -> bool:
    return final.binding == due.binding and due.keys.is_proof(final.proof, due.message)


def _any_binding(final: ClientFinal, due: Due) -> bool:
    return final.nonce == due.nonce and due.keys.is_proof(final.proof, due.message)


def _any_proof(final: ClientFinal, due: Due) -> bool:
    return final.nonce == due.nonce and final.binding == due.binding


def _binding_but_for_authzid(final: ClientFinal, due: Due) -> bool:
    binding = re.sub(rb"\A([^,]*),[^,]*,", rb"\1,,", final.binding)
    return binding == due.binding and _any_binding(final, due)


def _any_flag(header: Gs2Header, bindings: Bindings, *, binds: bool) -> bytes:
    return b""


def _backwards(header: Gs2Header, bindings: Bindings, *, binds: bool) -> bytes:
    return bindings.get(header.binding, b"")[::-1]


def _own_nonce_alone(message: bytes) -> bytes:
    return re.sub(rb"\Ar=[^,]*", b"r=3rfcNHYJY1ZVvWVs7j", message)


def _another_signature(message: bytes) -> bytes:
    return b"v=" + b"A" * 43 + b"=" if message.startswith(b"v=") else message


def _without_authzid(message: bytes) -> bytes:
    return re.sub(rb"\A([nyp][^,]*),a=[^,]*,", rb"\1,,", message)


def _whatever_comes_first(message: bytes) -> bytes:
    is_first = message[:1] not in (b"c", b"")
    return b"n,,n=user,r=fyko" if is_first and read_client_first(message) is None else message


@dataclass(frozen=True, slots=True)
class _Hasty:
    """Accounts that hash a password a thousand times and no more."""

    users: Credentials
    takes_time: bool = False

    @property
    def abilities(self) -> Collection[Ability]:
        """As they are."""
        return self.users.abilities

    def knows_password(self, user: str, password: str) -> bool:
        """As it is."""
        return self.users.knows_password(user, password)

    def scram_keys(self, user: str) -> ScramKeys:
        """Keys that are made in a hurry."""
        secret = self.users.shared_secret(user).decode("utf-8", "replace")
        return derive_keys(secret, salt=self.users.scram_keys(user).salt, iterations=1_000)

    def shared_secret(self, user: str) -> bytes:
        """As it is."""
        return self.users.shared_secret(user)

    def owner_of(self, token: str) -> str | None:
        """As it is."""
        return self.users.owner_of(token)


def _hastily(side: ServerSide) -> ServerSteps:
    return scram_server(replace(side, credentials=_Hasty(side.credentials)), binds=False)


def _judged_by(is_right: Callable[[ClientFinal, Due], bool]) -> Rules:
    return _with(
        SCRAM_SHA_256=_scram(is_right=is_right),
        SCRAM_SHA_256_PLUS=_scram(is_right=is_right, binds=True),
    )


def _scram_rewriting(*, heard: Rewrite = as_it_is, said: Rewrite = as_it_is) -> Rules:
    return _with(SCRAM_SHA_256=_rewriting("SCRAM-SHA-256", heard=heard, said=said))


# --- OAUTHBEARER -------------------------------------------------------------------------------


def _refused_at_once(side: ServerSide) -> ServerSteps:
    return _honestly("OAUTHBEARER", side, (yield b""), b"\x01")


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

    return _row("OAUTHBEARER", server=steps)


LYING_MECHANISMS: Final[Mapping[str, Lie]] = {
    "login-prompts-in-clear": Lie(
        "the prompts of LOGIN are not in base64", replace(RULES, attempt=_Unencoded)
    ),
    "login-takes-no-initial": Lie(
        "LOGIN refuses a name in the AUTH line", _with(LOGIN=_row("LOGIN", takes_initial=False))
    ),
    "login-tells-who-exists": Lie(
        "LOGIN asks no password of who does not exist",
        _with(LOGIN=_row("LOGIN", server=_no_strangers)),
    ),
    "plain-needs-authzid": Lie(
        "PLAIN wants to know for whom one acts",
        _with(PLAIN=_rewriting("PLAIN", heard=_nothing_unless_for_somebody)),
    ),
    "plain-ignores-authzid": Lie(
        "by PLAIN one may say to act for anybody",
        _with(PLAIN=_rewriting("PLAIN", heard=_for_oneself)),
    ),
    "plain-asks-again": Lie(
        "PLAIN asks until the message has three parts",
        _with(PLAIN=_row("PLAIN", server=_asking_again)),
    ),
    "empty-password": Lie(
        "by PLAIN an empty password lets anybody in",
        _with(PLAIN=_row("PLAIN", server=_no_password_will_do)),
    ),
    "cram-takes-initial": Lie(
        "CRAM-MD5 takes a response in the AUTH line",
        _with(CRAM_MD5=_row("CRAM-MD5", takes_initial=True)),
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
        _with(CRAM_MD5=_rewriting("CRAM-MD5", heard=_no_lower_case)),
    ),
    "cram-unchecked": Lie(
        "CRAM-MD5 takes any digest", _with(CRAM_MD5=_row("CRAM-MD5", server=_any_digest))
    ),
    "scram-own-nonce": Lie(
        "the server's nonce does not begin with the client's",
        _scram_rewriting(said=_own_nonce_alone),
    ),
    "scram-wrong-signature": Lie(
        "SCRAM's last message proves nothing", _scram_rewriting(said=_another_signature)
    ),
    "scram-few-iterations": Lie(
        "SCRAM-SHA-256 hashes a password a thousand times",
        _with(SCRAM_SHA_256=_row("SCRAM-SHA-256", server=_hastily)),
    ),
    "scram-any-nonce": Lie("SCRAM compares no nonces", _judged_by(_any_nonce)),
    "scram-any-binding": Lie("SCRAM compares no channel bindings", _judged_by(_any_binding)),
    "scram-any-proof": Lie("SCRAM takes any proof", _judged_by(_any_proof)),
    "scram-any-flag": Lie(
        "SCRAM takes the word of a client that has been told of no -PLUS",
        _with(SCRAM_SHA_256=_scram(bound_octets=_any_flag)),
    ),
    "scram-other-channel": Lie(
        "SCRAM-SHA-256-PLUS binds to something else than this TLS connection",
        _with(SCRAM_SHA_256_PLUS=_scram(bound_octets=_backwards, binds=True)),
    ),
    "scram-ignores-authzid": Lie(
        "by SCRAM one may say to act for anybody",
        _with(
            SCRAM_SHA_256=_rewriting(
                "SCRAM-SHA-256",
                heard=_without_authzid,
                server=partial(scram_server, binds=False, is_right=_binding_but_for_authzid),
            )
        ),
    ),
    "scram-first-unchecked": Lie(
        "SCRAM goes on whatever the client says first",
        _scram_rewriting(heard=_whatever_comes_first),
    ),
    "bearer-refused-at-once": Lie(
        "OAUTHBEARER tells nobody what is wrong",
        _with(OAUTHBEARER=_row("OAUTHBEARER", server=_refused_at_once)),
    ),
    "bearer-asks-again": Lie(
        "OAUTHBEARER that has failed goes on for ever",
        _with(OAUTHBEARER=_row("OAUTHBEARER", server=_asking_for_ever)),
    ),
    "bearer-of-nothing": Lie(
        "OAUTHBEARER needs no token", _with(OAUTHBEARER=_letting_in(rb"\A[^\x01]*\x01(?!.*auth=)"))
    ),
    "bearer-of-anything": Lie(
        "OAUTHBEARER takes any token", _with(OAUTHBEARER=_letting_in(rb"\x01auth=Bearer "))
    ),
}
