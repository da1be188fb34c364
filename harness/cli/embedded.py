"""The reference server as a child process: what suites run against where nobody names a target.

A process of its own, so that the judge shares no memory with the accused.  It ends when its
standard input does, so it never outlives us, however we end; and it has a session of its own, so
that a Ctrl-C for us does not take the server away from cases that are being played.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import IO

from harness.cli.children import environment
from harness.documents import nearest
from harness.errors import HarnessError, UsageError
from harness.target import Login, Secret, Target, TlsPolicy, read_address
from harness.target.target import ANY

DOMAIN = "example.test"
MANY = "many.example.test"
USER, PASSWORD = "alice", "wonderland"
MORE_DOORS = ("smtps", "submission", "submissions", "lmtp")  # beside plain SMTP
# Suites guess at passwords all the time, and write to an alias and to a mailing list.
CONFIGURATION = f"""timeouts: {{guess: 0s}}
aliases: {{team: [{USER}, bob]}}
lists: {{list: {{members: [{USER}, bob], owner: postmaster}}}}
"""
PATIENCE = 20.0  # seconds until it must have said where it listens
WORDS = "listening on "


@contextlib.contextmanager
def embedded(fault: str | None = None, *options: str) -> Iterator[Target]:
    """A reference server, with these further options, for as long as the context lasts."""
    if fault is not None:
        check_fault(fault)
    with tempfile.TemporaryDirectory(prefix="smtp-harness-") as folder:
        spool = Path(folder)
        with _running(spool, fault, options) as addresses:
            yield _target(addresses, spool, fault)


def check_fault(name: str) -> None:
    """Refuse a name that no lie of the reference server has."""
    faults = known_faults()
    if name not in faults:
        hint = nearest(name, faults) or "smtp-harness serve --list-faults names them all"
        raise UsageError(f"there is no fault {name!r} ({hint})")


def known_faults() -> Mapping[str, str]:
    """The lies that the reference server can tell, each with what is wrong then."""
    from reference_server.lies import LIES

    return {name: lie.what for name, lie in LIES.items()}


@contextlib.contextmanager
def _running(spool: Path, fault: str | None, options: Sequence[str]) -> Iterator[list[str]]:
    configuration = spool / "serve.yaml"
    configuration.write_text(CONFIGURATION)
    command = [
        *(sys.executable, "-P", "-m", "reference_server", "--port", "0", "--until-eof"),
        *("--config", str(configuration)),
        *("--domain", DOMAIN, "--users", str(users_file(spool)), "--user", "bob"),
        *("--anyone-at", MANY, "--spool", str(spool), "--tls-self-signed", "--no-sync"),
        *(word for kind in MORE_DOORS for word in ("--listen", f"{kind}://127.0.0.1:0")),
        *(("--fault", fault) if fault else ()),
        *options,
    ]
    with (spool / "stderr").open("wb") as complaints:
        server = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=environment(),
            start_new_session=True,
        )
    assert server.stdin is not None
    assert server.stdout is not None
    with server.stdin, server.stdout:
        try:
            yield [_address(server.stdout, spool / "stderr") for _ in range(1 + len(MORE_DOORS))]
        finally:
            server.stdin.close()
            _end(server)


def users_file(spool: Path) -> Path:
    """Somebody for every mechanism of AUTH: a password, hashed and in the clear, and a token."""
    file = spool / "users"
    file.touch(0o600)
    file.write_text(_users(), encoding="utf-8")
    return file


@cache
def _users() -> str:
    from reference_server.users.book import Book, lines_of, make_account, token_mark

    account = make_account(USER, PASSWORD, keeps_secret=True)
    tokens = frozenset({token_mark(secrets.token_urlsafe())})  # that nobody will be told
    book = Book({USER: replace(account, tokens=tokens)}, secrets.token_bytes(32))
    return "".join(f"{line}\n" for line in lines_of(book))


def _address(said: IO[bytes], complaints: Path) -> str:
    """Where the server listens; it says so in one line."""
    line = _line(said)
    if not line.startswith(WORDS):
        what = complaints.read_text(errors="replace").strip() or "it said nothing"
        raise HarnessError(f"the reference server did not start: {what}")
    return line.removeprefix(WORDS).strip()


def _line(said: IO[bytes]) -> str:
    """The next line, octet by octet: what is buffered is hidden from select."""
    line = b""
    while not line.endswith(b"\n") and select.select([said], [], [], PATIENCE)[0]:
        octet = os.read(said.fileno(), 1)
        if not octet:
            break
        line += octet
    return line.decode()


def _end(server: subprocess.Popen[bytes]) -> None:
    try:
        server.wait(timeout=5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _target(addresses: Sequence[str], spool: Path, fault: str | None) -> Target:
    mail = spool / "mail"
    return Target(
        address=read_address(addresses[0]),
        name="smtp-harness",
        listeners=dict(zip(MORE_DOORS, map(read_address, addresses[1:]), strict=True)),
        domain=DOMAIN,
        recipients=(f"alice@{DOMAIN}", f"bob@{DOMAIN}"),
        many=f"user{{n}}@{MANY}",
        unknown_recipient=f"nobody@{DOMAIN}",
        foreign_recipient="someone@elsewhere.test",
        alias=f"team@{DOMAIN}",
        mailing_list=f"list@{DOMAIN}",
        login=Login(USER, Secret(text=PASSWORD)),
        tls=TlsPolicy(ca=spool / "cert.pem", server_name="localhost"),
        delivery={
            **{f"{name}@{DOMAIN}": f"maildir:{mail / name}" for name in ("alice", "bob")},
            "postmaster": f"maildir:{mail / 'postmaster'}",
            ANY: f"maildir:{mail / 'many'}",
        },
        arguments=("--fault", fault) if fault else (),
    )
