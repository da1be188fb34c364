"""The reference server as strangers meet it: `smtp-harness serve` in a process of its own.

What was delivered is read back from the Maildirs by a few lines of our own, so that neither the
server's writing nor the harness's reading vouches for itself.
"""

from __future__ import annotations

import contextlib
import re
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from harness.cli.children import environment
from harness.cli.embedded import CONFIGURATION, PASSWORD, USER, users_file

DOMAIN = "example.test"
ALICE, BOB = f"{USER}@{DOMAIN}", f"bob@{DOMAIN}"
BEYOND_ASCII = f"grüße@many.{DOMAIN}"
SENDER = "sender@client.example.test"
DOORS = ("smtp", "smtps", "submission", "submissions", "lmtp", "pop3", "pop3s")
PATIENCE = 30.0  # seconds for anything that another program shall do

# The date ends the field: a text whose first line begins with a blank looks like more of it.
_DATE = rb"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} [+-][0-9]{4}"
_TRACE = re.compile(
    rb"(Return-Path: <(?P<path>[^\r]*)>\r\n)(?P<received>Received: (?:.*\r\n\t)+?"
    + _DATE
    + rb"\r\n)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One message out of a mailbox: what the server wrote on top, and what the client sent."""

    return_path: str
    received: str
    content: bytes


@dataclass(slots=True)
class Mailbox:
    """A user's Maildir, read on from where we stopped."""

    directory: Path
    _seen: set[str] = field(default_factory=set)

    def fresh(self) -> list[Delivered]:
        """What has arrived since we looked last, in the order of arrival."""
        names = sorted({path.name for path in (self.directory / "new").iterdir()} - self._seen)
        self._seen.update(names)
        return [_read(self.directory / "new" / name) for name in names]

    def only(self) -> Delivered:
        """The one message that has arrived."""
        messages = self.fresh()
        assert len(messages) == 1, f"{len(messages)} messages in {self.directory.name}, not one"
        return messages[0]


def _read(path: Path) -> Delivered:
    octets = path.read_bytes()
    match = _TRACE.match(octets)
    assert match is not None, f"no trace on top of {octets[:200]!r}"
    return Delivered(
        return_path=match["path"].decode(),
        received=match["received"].decode(),
        content=octets[match.end() :],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A reference server that listens, and its mailboxes."""

    ports: Mapping[str, int]  # by kind of door
    spool: Path

    @property
    def port(self) -> int:
        """Where plain SMTP is spoken."""
        return self.ports["smtp"]

    @property
    def ca(self) -> str:
        """The certificate that it vouches for itself with."""
        return str(self.spool / "cert.pem")

    def mailbox(self, name: str = USER) -> Mailbox:
        """A mailbox, from now on."""
        mailbox = Mailbox(self.spool / "mail" / name)
        mailbox.fresh()
        return mailbox


@contextlib.contextmanager
def serving(*options: str, domain: str = DOMAIN, every_mechanism: bool = False) -> Iterator[Served]:
    """A server with these options besides the usual ones, for as long as the context lasts.

    With every mechanism of AUTH its user stands in a file, where bearer tokens are kept.
    """
    with tempfile.TemporaryDirectory(prefix="smtp-harness-") as folder:
        spool = Path(folder)
        user = ("--user", f"{USER}:{PASSWORD}")
        if every_mechanism:
            user = ("--users", str(users_file(spool)))
        with _running(spool, domain, (*user, *options)) as ports:
            yield Served(ports=ports, spool=spool)


@contextlib.contextmanager
def _running(spool: Path, domain: str, options: tuple[str, ...]) -> Iterator[dict[str, int]]:
    if "--config" not in options:
        file = spool / "serve.yaml"
        file.write_text(CONFIGURATION)
        options = ("--config", str(file), *options)
    listen = [word for kind in DOORS for word in ("--listen", f"{kind}://127.0.0.1:0")]
    command = [
        *(sys.executable, "-P", "-m", "harness.cli", "serve", *listen, "--until-eof"),
        *("--domain", domain, "--user", "bob"),
        *("--anyone-at", f"many.{domain}", "--spool", str(spool), "--tls-self-signed"),
        *("--no-sync", *options),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=environment()
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield dict(_port(server.stdout) for _ in DOORS)
        finally:
            server.stdin.close()
            _end(server)


def _port(said: IO[bytes]) -> tuple[str, int]:
    ready, _, _ = select.select([said], [], [], PATIENCE)
    line = said.readline().decode() if ready else ""
    match = re.fullmatch(r"listening on (?:(\w+)://)?127\.0\.0\.1:(\d+)\n", line)
    assert match is not None, f"the server said {line!r} and not where it listens"
    return match[1] or "smtp", int(match[2])


def _end(server: subprocess.Popen[bytes]) -> None:
    try:
        code = server.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        server.kill()
        raise
    assert code == 0, f"the server ended with status {code}"
