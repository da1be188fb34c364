"""A client on several connections that keeps account of every final 250, whatever breaks."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Sequence

from tests.crash.account import Sent
from tests.crash.serving import USERS

CONNECTIONS = 6
HERE = tuple(f"{name}@example.test" for name in USERS)


class Sender:
    """Sends numbered messages, in rounds; a round ends when the server does."""

    def __init__(self, seed: int, recipients: Sequence[str] = HERE) -> None:
        self.sent: dict[bytes, Sent] = {}
        self._random = random.Random(seed)
        self._recipients = recipients
        self._again: list[bytes] = []  # not accepted yet: sent once more in the next round
        self._serial = 0
        self._lock = threading.Lock()
        self._accepted = threading.Semaphore(0)

    def begin(self, port: int, *, messages: int | None = None) -> list[threading.Thread]:
        """Send until the connections break, or so many messages on each of them."""
        self._accepted = threading.Semaphore(0)
        threads = [
            threading.Thread(target=self._send_all, args=(port, messages), daemon=True)
            for _ in range(CONNECTIONS)
        ]
        for thread in threads:
            thread.start()
        return threads

    def wait_for(self, count: int) -> bool:
        """Until so many messages of this round have been accepted; False if that takes too long."""
        return all(self._accepted.acquire(timeout=20) for _ in range(count))

    @property
    def is_settled(self) -> bool:
        """Whether everything that was sent has been accepted in the end."""
        return not self._again

    def _send_all(self, port: int, messages: int | None) -> None:
        try:
            with Line(port) as line:
                count = 0
                while messages is None or count < messages or self._again:
                    self._send(line)
                    count += 1
        except OSError:
            pass  # the server is dead: that is what this is about

    def _send(self, line: Line) -> None:
        token = self._next()
        message, told = self.sent[token], 0
        try:
            line.open(message.recipients)
            message.unanswered += 1  # from here on nobody knows, until there is an answer
            told = line.text(message.content)
            message.unanswered -= 1
        finally:
            if told == 250:
                message.is_accepted = True
                self._accepted.release()
            else:
                self._again.append(token)

    def _next(self) -> bytes:
        with self._lock:
            if self._again:
                return self._again.pop()
            self._serial += 1
            token = b"t%d" % self._serial
            self.sent[token] = self._message(token)
            return token

    def _message(self, token: bytes) -> Sent:
        draw = self._random
        some = tuple(draw.sample(self._recipients, draw.randint(1, len(self._recipients))))
        lines = [
            bytes(draw.choices(range(33, 127), k=draw.randint(0, 70)))
            for _ in range(draw.choice([1, 20, 300]))
        ]
        # A line that opens with a dot is stuffed on its way; here that is left to test_receiver.
        body = b"".join(b" " + text + b"\r\n" for text in lines)
        return Sent(b"Token: " + token + b"\r\nSubject: test\r\n\r\n" + body, some)


class Line:
    """A connection that is spoken to in pipelined groups (RFC 2920)."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 20)
        self._read = self._socket.makefile("rb")

    def __enter__(self) -> Line:
        try:
            self._reply()
            self.ask(b"EHLO crash.test")
        except BaseException:  # it may have been killed meanwhile
            self.__exit__()
            raise
        return self

    def __exit__(self, *problem: object) -> None:
        self._read.close()
        self._socket.close()

    def ask(self, command: bytes) -> int:
        """Say a command alone; the code that it is answered with."""
        self._socket.sendall(command + b"\r\n")
        return self._reply()

    def open(self, recipients: tuple[str, ...]) -> None:
        """Up to the 354; OSError if it is not said."""
        group = [b"MAIL FROM:<sender@crash.test>"]
        group += [b"RCPT TO:<%s>" % address.encode() for address in recipients]
        self._socket.sendall(b"".join(line + b"\r\n" for line in (*group, b"DATA")))
        codes = [self._reply() for _ in range(len(group) + 1)]
        if codes != [250] * len(group) + [354]:
            raise OSError(f"refused: {codes}")

    def text(self, content: bytes) -> int:
        """The text and its end; the code that it is answered with."""
        self._socket.sendall(content + b".\r\n")
        return self._reply()

    def _reply(self) -> int:
        while True:
            line = self._read.readline()
            if not line.endswith(b"\n"):
                raise OSError("the connection broke")
            if line[3:4] != b"-":
                return int(line[:3])
