"""A server of a few lines that says what it is told to, on a loopback port, in a thread."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

Answers = Mapping[str, str | Sequence[str]]

HANGS_UP = ""  # instead of an answer

USUAL: Answers = {
    "greeting": "220 mx.test ready",
    "EHLO": "250-mx.test\r\n250-PIPELINING\r\n250 8BITMIME",
    "LHLO": "250 mx.test",
    "DATA": "354 go on",
    "QUIT": "221 bye",
}


@dataclass
class Heard:
    """What clients said, a line each; the text of a message is one entry, as it came."""

    port: int = 0
    lines: list[str] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)


@contextmanager
def scripted(answers: Answers, *, connections: int = 1) -> Iterator[Heard]:
    """Answers by the first word of a command (or `greeting`, `message`); the rest is 250.

    A sequence is gone through, its last one for ever.
    """
    heard = Heard()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)  # until a program has started, on a machine with much to do
        heard.port = listener.getsockname()[1]
        thread = threading.Thread(target=_serve, args=(listener, answers, heard, connections))
        thread.start()
        yield heard
        thread.join(5)
        assert not thread.is_alive(), "the client went away"


def _serve(listener: socket.socket, answers: Answers, heard: Heard, connections: int) -> None:
    said = {name: _row(row) for name, row in {**USUAL, **answers}.items()}
    for _ in range(connections):
        connection, _ = listener.accept()
        # Who drops us is gone, and what was not written yet stays unwritten.
        with contextlib.suppress(OSError), connection, connection.makefile("rwb") as wire:
            _talk(wire, said, heard)


def _row(row: str | Sequence[str]) -> list[str]:
    return [row] if isinstance(row, str) else list(row)


def _talk(wire, said, heard):
    def answer(name: str) -> str:
        row = said.get(name.upper(), said.get(name, ["250 fine"]))
        words = row.pop(0) if len(row) > 1 else row[0]
        if words != HANGS_UP:
            wire.write(f"{words}\r\n".encode())
            wire.flush()
        return words

    words = answer("greeting")
    while words != HANGS_UP and not words.startswith(("221", "421")):
        line = wire.readline()
        if not line:
            return
        text = line.decode("utf-8", "backslashreplace").rstrip("\r\n")
        heard.lines.append(text)
        name = text.partition(" ")[0]
        if name == "BDAT":
            heard.texts.append(wire.read(int(text.split()[1])))
            name = "message" if text.endswith("LAST") else name
        words = answer(name)
        if words.startswith("354"):
            heard.texts.append(_text(wire))
            words = answer("message")


def _text(wire) -> bytes:
    text = b""
    while not text.endswith(b"\r\n.\r\n") and text != b".\r\n":
        line = wire.readline()
        if not line:
            break
        text += line
    return text
