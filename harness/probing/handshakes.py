"""Which TLS versions and ciphers a server accepts, each tried on a connection of its own.

TLS 1.0 and 1.1 are tried although nobody should use them (RFC 8996): one wants to know just that.
Ciphers below TLS 1.3 are found one by one, by leaving out those that were taken before; Python has
no say in those of TLS 1.3.
"""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Sequence
from typing import Final

from harness.certificates import client_context
from harness.errors import PeerError, TlsFailed
from harness.probing.card import Accepted, Tls
from harness.probing.certificate import look_at
from harness.probing.talk import Talk
from harness.target import Target
from harness.wire import Handshake, Log

VERSIONS: Final = {
    "TLS 1.3": ssl.TLSVersion.TLSv1_3,
    "TLS 1.2": ssl.TLSVersion.TLSv1_2,
    "TLS 1.1": ssl.TLSVersion.TLSv1_1,
    "TLS 1.0": ssl.TLSVersion.TLSv1,
}
MANY = 64  # ciphers; no server has more
_ALL = "ALL:COMPLEMENTOFALL:!eNULL:@SECLEVEL=0"  # what OpenSSL knows, however weak
_OURS = ("no protocols available", "no ciphers available")  # OpenSSL's words: we cannot


class Shaker:
    """Shakes hands with a target, again and again."""

    def __init__(self, target: Target, log: Log) -> None:
        self.connections = 0
        self._target = target
        self._log = log

    async def look(self, now: float, *, is_thorough: bool) -> Tls:
        """How it does TLS; raises PeerError if it does none."""
        way = "from the first octet" if self._is_implicit else "STARTTLS"
        normal = await self.shake(client_context(verify=False))
        certificate = None
        if normal.certificate is not None:
            certificate = look_at(normal.certificate, now, trusted=await self._distrust())
        return Tls(
            way=way,
            negotiated=f"{normal.version}, {normal.cipher}",
            versions=tuple([await self._try(name, is_thorough) for name in VERSIONS]),
            certificate=certificate,
        )

    async def shake(self, context: ssl.SSLContext) -> Handshake:
        """One handshake; raises PeerError."""
        talk = await Talk.begin(self._target, self._log)
        self.connections += 1
        try:
            if self._is_implicit:
                await talk.shake_hands(context)
            else:
                await talk.greet()
                await talk.hello()
                problem = await talk.start_tls(context)
                if problem:
                    raise TlsFailed(problem)
            assert talk.wire.handshake is not None, "it succeeded"
            return talk.wire.handshake
        finally:
            await talk.aclose()

    @property
    def _is_implicit(self) -> bool:
        return self._target.address.scheme.has_implicit_tls

    async def _distrust(self) -> str:
        """Why its certificate is not trusted; empty if it is."""
        policy = self._target.tls
        try:
            await self.shake(client_context(ca=policy.ca))
        except PeerError as problem:
            return str(problem).removeprefix("the certificate is not trusted: ")
        return ""

    async def _try(self, name: str, is_thorough: bool) -> Accepted:
        version = VERSIONS[name]
        most = MANY if is_thorough and version < ssl.TLSVersion.TLSv1_3 else 1
        found: list[str] = []
        try:
            while len(found) < most:
                context = _context(version, without=found)
                found.append((await self.shake(context)).cipher)
        except (PeerError, ssl.SSLError) as problem:
            return _ended(name, found, str(problem), is_all=most > 1)
        return Accepted(version=name, is_accepted=True, ciphers=tuple(found))


def _ended(name: str, found: Sequence[str], why: str, *, is_all: bool) -> Accepted:
    if found:
        return Accepted(version=name, is_accepted=True, ciphers=tuple(found), are_all=is_all)
    is_ours = any(words in why for words in _OURS)
    return Accepted(version=name, is_accepted=None if is_ours else False, note=why)


def _context(version: ssl.TLSVersion, without: Sequence[str]) -> ssl.SSLContext:
    """A context for one version alone, and all ciphers but these."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the old versions, on purpose
        context.minimum_version = context.maximum_version = version
    context.set_ciphers(":".join([_ALL, *(f"!{cipher}" for cipher in without)]))
    return context
