"""A sink that hardly looks at what it is sent, in the clear and inside TLS.

A generator's rate is its own only where the server is faster, and none that we know is while it
encrypts: Postfix's smtp-sink cannot.  So this answers by the first letters of a line, and finds the
end of a text, which gets a number of its own, as with every server that keeps mail.  Nothing else
here is a model of a server.
"""

from __future__ import annotations

import argparse
import itertools
import selectors
import socket
import ssl
import tempfile
from pathlib import Path
from typing import Final

from harness.certificates import self_signed

_CHUNK: Final = 65_536
_END: Final = b"\r\n.\r\n"
_GREETING: Final = b"220 answering\r\n"
_HELLO: Final = b"250-answering\r\n250-PIPELINING\r\n250 STARTTLS\r\n"
_OK, _GO_AHEAD = b"250 ok\r\n", b"354 go ahead\r\n"
_READY, _BYE = b"220 go ahead\r\n", b"221 bye\r\n"
_ANSWERS: Final = {
    b"EHLO": _HELLO,
    b"MAIL": _OK,
    b"RCPT": _OK,
    b"DATA": _GO_AHEAD,
    b"STAR": _READY,
    b"QUIT": _BYE,
}


_NUMBERS: Final = itertools.count(1)


class Talk:
    """What is said on one connection: octets in, octets out."""

    def __init__(self) -> None:
        self._held = b""  # that do not end a line, or a text
        self._in_text = False
        self.wants_tls = False

    def hear(self, octets: bytes) -> bytes:
        """The answers to what came."""
        octets = self._held + octets
        said = b""
        while True:
            if self._in_text:
                end = octets.find(_END)
                if end < 0:
                    break
                octets = octets[end + len(_END) :]
                said += b"250 ok, kept as %d\r\n" % next(_NUMBERS)
                self._in_text = False
            line, ends, rest = octets.partition(b"\r\n")
            if not ends:
                break
            octets = rest
            answer = _ANSWERS[line[:4]]
            said += answer
            if answer is _GO_AHEAD:
                self._in_text = True
                octets = b"\r\n" + octets  # an empty text is one, too
            self.wants_tls = answer is _READY
        self._held = octets
        return said


class Guest:
    """One connection."""

    def __init__(self, peer: socket.socket, context: ssl.SSLContext) -> None:
        self.peer = peer
        self._context = context
        self._talk = Talk()
        self._tls: ssl.SSLObject | None = None
        self._inward, self._outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._is_up = False

    def serve(self) -> bool:
        """Answer what has come; whether they are still there."""
        try:
            octets = self.peer.recv(_CHUNK)
            return bool(octets) and self._answer(octets)
        except OSError:
            return False  # whoever starts us connects once to see whether we greet, and resets

    def _answer(self, octets: bytes) -> bool:
        if self._tls is None:
            self._say(self._talk.hear(octets))
            if self._talk.wants_tls:
                self._tls = self._context.wrap_bio(self._inward, self._outward, server_side=True)
            return True
        self._inward.write(octets)
        try:
            if not self._is_up:
                self._tls.do_handshake()
                self._is_up = True
            while self._inward.pending or self._tls.pending():
                said = self._talk.hear(self._tls.read(_CHUNK))
                if said:
                    self._tls.write(said)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            return False
        self._say(self._outward.read())
        return True

    def _say(self, octets: bytes) -> None:
        if octets:
            self.peer.sendall(octets)


def main() -> None:
    """Listen, and answer until somebody ends it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    port = parser.parse_args().port
    with tempfile.TemporaryDirectory() as folder:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*self_signed(["localhost"], Path(folder)))
    selector = selectors.DefaultSelector()
    listener = socket.create_server(("127.0.0.1", port), backlog=1_000)
    selector.register(listener, selectors.EVENT_READ, None)
    while True:
        for key, _ in selector.select():
            if key.data is None:
                _welcome(listener, selector, context)
            elif not key.data.serve():
                selector.unregister(key.fileobj)
                key.data.peer.close()


def _welcome(
    listener: socket.socket, selector: selectors.BaseSelector, context: ssl.SSLContext
) -> None:
    peer, _ = listener.accept()
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    peer.sendall(_GREETING)
    selector.register(peer, selectors.EVENT_READ, Guest(peer, context))


if __name__ == "__main__":
    main()
