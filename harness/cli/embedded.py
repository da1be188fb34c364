"""The reference server as a child process: what suites run against where nobody names a target.

A process of its own, so that the judge shares no memory with the accused.
"""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from harness.cli.serving import served
from harness.documents import nearest
from harness.errors import UsageError
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


@contextlib.contextmanager
def embedded(fault: str | None = None, *options: str) -> Iterator[Target]:
    """A reference server, with these further options, for as long as the context lasts."""
    with embedded_with_lifeline(fault, *options) as (target, _):
        yield target


@contextlib.contextmanager
def embedded_with_lifeline(fault: str | None = None, *options: str) -> Iterator[tuple[Target, int]]:
    """The same, and the descriptor that it hangs on, for a child that must not lose it."""
    if fault is not None:
        check_fault(fault)
    with tempfile.TemporaryDirectory(prefix="smtp-harness-") as folder:
        spool = Path(folder)
        words = _words(spool, fault, options)
        with served(words, spool / "stderr", doors=1 + len(MORE_DOORS)) as server:
            yield _target(server.addresses, spool, fault), server.lifeline


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


def _words(spool: Path, fault: str | None, options: Sequence[str]) -> list[str]:
    configuration = spool / "serve.yaml"
    configuration.write_text(CONFIGURATION)
    return [
        *("--port", "0", "--config", str(configuration)),
        *("--domain", DOMAIN, "--users", str(users_file(spool)), "--user", "bob"),
        *("--anyone-at", MANY, "--spool", str(spool), "--tls-self-signed", "--no-sync"),
        *(word for kind in MORE_DOORS for word in ("--listen", f"{kind}://127.0.0.1:0")),
        *(("--fault", fault) if fault else ()),
        *options,
    ]


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
