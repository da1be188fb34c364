"""An IMAP server of a few lines (RFC 3501): what a reader needs of it, and no more.

`make peers` holds the reader against Dovecot; this one is there where Dovecot is not.
"""

from __future__ import annotations

import base64
import re
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Messages:
    """What the server holds, and what it was told."""

    octets: dict[int, bytes] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    validity: int = 1
    searched: list[int] = field(default_factory=list)  # from which unique identifier on
    capabilities: str = "IMAP4rev1 AUTH=PLAIN"


class _Server(socketserver.ThreadingTCPServer):
    """What all connections share: the messages, and the context for TLS, if there is one."""

    daemon_threads = True

    def __init__(self, messages: Messages, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.messages = messages
        self.context = context


class _Handler(socketserver.StreamRequestHandler):
    """One connection, from greeting to LOGOUT; a method for each command."""

    server: _Server

    def handle(self) -> None:
        with suppress(OSError):  # who does not trust us hangs up
            self._serve()
        if isinstance(self.request, ssl.SSLSocket):
            self.request.close()

    def _serve(self) -> None:
        self._say("* OK ready")
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            self.server.messages.said.append(line)
            tag, verb, *rest = line.split(" ", 2)
            _ANSWERS[verb.upper()](self, tag, rest[0] if rest else "")
            if verb.upper() == "LOGOUT":
                return

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def capability(self, tag: str, rest: str) -> None:
        is_plain = not isinstance(self.request, ssl.SSLSocket)
        starttls = " STARTTLS" if self.server.context and is_plain else ""
        capabilities = self.server.messages.capabilities
        self._say(f"* CAPABILITY {capabilities}{starttls}\r\n{tag} OK done")

    def starttls(self, tag: str, rest: str) -> None:
        self._say(f"{tag} OK go on")
        assert self.server.context is not None
        plain = self.request.detach()
        self.request = self.server.context.wrap_socket(
            socket.socket(fileno=plain), server_side=True, do_handshake_on_connect=False
        )
        self.request.do_handshake()
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", 0)

    def authenticate(self, tag: str, rest: str) -> None:
        self._say("+ ")
        told = base64.b64decode(self.rfile.readline()).split(b"\0")
        is_right = told == [b"", b"alice", b"secret"]
        self._say(f"{tag} OK in" if is_right else f"{tag} NO [AUTHENTICATIONFAILED] wrong")

    def login(self, tag: str, rest: str) -> None:
        self._say(f"{tag} OK in" if rest == 'alice "secret"' else f"{tag} NO wrong")

    def examine(self, tag: str, rest: str) -> None:
        if rest == '"INBOX"':
            count = len(self.server.messages.octets)
            validity = f"* OK [UIDVALIDITY {self.server.messages.validity}] valid"
            self._say(f"* {count} EXISTS\r\n{validity}\r\n{tag} OK [READ-ONLY] done")
        else:
            self._say(f"{tag} NO no such mailbox")

    def uid(self, tag: str, rest: str) -> None:
        held = self.server.messages.octets
        if search := re.fullmatch(r"SEARCH UID (\d+):\*", rest):
            self.server.messages.searched.append(int(search[1]))
            found = [it for it in held if it >= int(search[1])] or list(held)[-1:]
            self._say(f"* SEARCH {' '.join(map(str, found))}\r\n{tag} OK done")
            return
        match = re.fullmatch(r"FETCH (\d+) \(BODY\.PEEK\[\]\)", rest)
        assert match, rest
        octets = held.get(int(match[1]))
        if octets is not None:
            self._say(f"* 1 FETCH (UID {match[1]} BODY[] {{{len(octets)}}}")
            self.wfile.write(octets + b")\r\n")
        self._say(f"{tag} OK done")

    def logout(self, tag: str, rest: str) -> None:
        self._say(f"* BYE bye\r\n{tag} OK done")


_ANSWERS: dict[str, Callable[[_Handler, str, str], None]] = {
    "CAPABILITY": _Handler.capability,
    "STARTTLS": _Handler.starttls,
    "AUTHENTICATE": _Handler.authenticate,
    "LOGIN": _Handler.login,
    "EXAMINE": _Handler.examine,
    "UID": _Handler.uid,
    "LOGOUT": _Handler.logout,
}


@contextmanager
def imap_server(messages: Messages, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Its port, for as long as the context lasts; with a TLS context it offers STARTTLS."""
    with _Server(messages, context) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def server_context(folder: Path) -> ssl.SSLContext:
    """A certificate of its own for localhost, in cert.pem."""
    from harness.certificates import self_signed

    certificate, key = self_signed(["localhost"], folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
