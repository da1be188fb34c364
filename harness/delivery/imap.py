"""A mailbox that is read by IMAP: what is there stays there, and stays unseen.

The library waits for sockets, so it does that in a thread.
"""

from __future__ import annotations

import imaplib
import re
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

import trio

from harness.delivery.doors import Door
from harness.delivery.stored import Stored
from harness.errors import PeerError

# RFC 3501 9: a literal is made of CHAR8, %x01-ff.  What a server gives for a NUL is its own affair.
NO_NUL: Final = r"IMAP cannot carry NUL, and Dovecot gives \x80 for it: one of those stands here"
_QUOTED = re.compile(r'(["\\])')


class ImapMailbox:
    """The messages in one mailbox of one user."""

    def __init__(self, door: Door) -> None:
        self._door = door
        # No unique identifier below is news: they ascend, as long as their UIDVALIDITY is the same
        # (RFC 3501 2.3.1.1).  Of another one they are others.
        self._next = 1
        self._validity = ""

    async def keys(self) -> frozenset[str]:
        """All that is there."""
        return await trio.to_thread.run_sync(self._keys, abandon_on_cancel=True)

    async def fetch(self, known: Container[str]) -> Mapping[str, Stored]:
        """All that is there and is not known."""
        return await trio.to_thread.run_sync(self._fetch, known, abandon_on_cancel=True)

    def _keys(self) -> frozenset[str]:
        with self._session() as session:
            uids = self._uids(session)
        self._pass(uids)
        return frozenset(map(self._key, uids))

    def _fetch(self, known: Container[str]) -> Mapping[str, Stored]:
        with self._session() as session:
            uids = self._uids(session)
            fresh = [uid for uid in uids if self._key(uid) not in known]
            read = {self._key(uid): self._read(session, uid) for uid in fresh}
        self._pass(uids)
        return read

    def _uids(self, session: imaplib.IMAP4) -> list[str]:
        _, (validity, *_) = session.response("UIDVALIDITY")
        told = validity.decode("ascii", "replace") if isinstance(validity, bytes) else ""
        if told != self._validity:
            self._next, self._validity = 1, told
        return _uids_from(session, self._next)

    def _pass(self, uids: list[str]) -> None:
        """All up to these are known."""
        self._next = max([self._next, *(int(uid) + 1 for uid in uids)])

    def _key(self, uid: str) -> str:
        return f"{self._validity} {uid}"

    def _read(self, session: imaplib.IMAP4, uid: str) -> Stored:
        parts = _insist(session.uid("FETCH", uid, "(BODY.PEEK[])"))
        octets = next((part[1] for part in parts if isinstance(part, tuple)), None)
        if octets is None:
            raise imaplib.IMAP4.error(f"message {uid} is listed, and cannot be fetched")
        changed = (NO_NUL,) if b"\x80" in octets else ()
        return Stored(octets, f"{self._door.address} message {uid}", changed)

    @contextmanager
    def _session(self) -> Iterator[imaplib.IMAP4]:
        try:
            session = self._connect()
            try:
                self._secure(session)
                self._log_in(session)
                folder = _QUOTED.sub(r"\\\1", self._door.folder)
                _insist(session.select(f'"{folder}"', readonly=True))
                yield session
            finally:
                with suppress(OSError, imaplib.IMAP4.error):
                    session.logout()
        except (OSError, imaplib.IMAP4.error) as error:
            raise self._door.problem(error) from error

    def _connect(self) -> imaplib.IMAP4:
        door = self._door
        address, patience = door.address, door.patience
        if address.scheme.has_implicit_tls:
            context = door.naming_context()
            return imaplib.IMAP4_SSL(
                address.host, address.port, ssl_context=context, timeout=patience
            )
        return imaplib.IMAP4(address.host, address.port, timeout=patience)

    def _secure(self, session: imaplib.IMAP4) -> None:
        address = self._door.address
        if address.scheme.has_implicit_tls:
            return
        if "STARTTLS" in session.capabilities:
            session.starttls(self._door.naming_context())
        elif not address.is_loopback:
            raise PeerError(
                f"{address.endpoint}: the password would be told to whoever listens: "
                "there is no TLS"
            )

    def _log_in(self, session: imaplib.IMAP4) -> None:
        login = self._door.login
        assert login is not None, "a mailbox of IMAP is somebody's"
        if "AUTH=PLAIN" in session.capabilities:
            # LOGIN has no room for names and passwords outside ASCII.
            told = f"\0{login.user}\0{login.password}".encode()
            session.authenticate("PLAIN", lambda challenge: told)
        else:
            session.login(login.user, login.password)


def _uids_from(session: imaplib.IMAP4, first: int) -> list[str]:
    # `*` is the last one that there is, so that one is found however high the first is.
    (numbers, *_) = _insist(session.uid("SEARCH", "UID", f"{first}:*"))
    return (numbers or b"").decode("ascii").split()


def _insist(answer: tuple[str, list[Any]]) -> list[Any]:
    status, data = answer
    if status != "OK":
        said = data[0] if data and isinstance(data[0], bytes) else b""
        raise imaplib.IMAP4.error(said.decode("utf-8", "backslashreplace") or status)
    return data
