"""The file of users: a line each, fields by name; read whole, written whole, seen by nobody else.

    # smtp-harness users
    * decoy=BASE64
    alice scrypt=16384,8,1,SALT,HASH scram-sha-256=4096,SALT,STORED,SERVER token=SHA256
    bob

Bob has a mailbox and no log-in.  `secret=BASE64` is a password in the clear, which CRAM-MD5 and
APOP need; it stands there only if somebody asked for that.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from harness.errors import UsageError
from harness.protocol.sasl import ScramKeys, derive_keys, prepare
from reference_server.storage.disk import DISK
from reference_server.users.passwords import (
    SALT,
    Hash,
    decoded,
    encoded,
    hash_password,
    read_hash,
)

HEADER: Final = "# smtp-harness users"
_DECOY: Final = "*"
_MOST_ITERATIONS: Final = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user: a name in the form in which names are compared, and what there is to log in with."""

    name: str
    password: Hash | None = None
    scram: ScramKeys | None = None
    secret: str | None = field(default=None, repr=False)  # the password in the clear
    tokens: frozenset[str] = field(default=frozenset(), repr=False)  # SHA-256 of bearer tokens


@dataclass(frozen=True, slots=True)
class Book:
    """All of a file."""

    accounts: Mapping[str, Account]
    decoy: bytes = field(repr=False)  # what is made up for unknown users is made of it


# --- accounts ------------------------------------------------------------------------------------


def folded(name: str) -> str:
    """A user's name as it is looked up: as in an address, case makes no difference."""
    return (prepare(name) or name).lower()


def check_name(name: str) -> str:
    """The name as it is kept; raises UsageError if it is not fit for a directory and a line."""
    kept = prepare(name, stored=True)
    if not kept or not re.fullmatch(r"[^\s/.*#][^\s/]*", kept) or not kept.isprintable():
        raise UsageError(
            f"{name!r} is no user's name: it is also that of a mailbox directory, so it holds "
            "neither blanks nor '/' and begins with none of '.', '*', '#'"
        )
    return kept.lower()


def make_account(name: str, password: str, *, keeps_secret: bool = False) -> Account:
    """An account with this password; raises UsageError if it can be none."""
    prepared = prepare(password, stored=True)
    if not prepared:
        raise UsageError(
            "this can be no password: RFC 4013 forbids one of its characters"
            if password
            else "an empty password is none"
        )
    return Account(
        name=check_name(name),
        password=hash_password(prepared),
        scram=derive_keys(prepared, salt=secrets.token_bytes(SALT)),
        secret=prepared if keeps_secret else None,
    )


def token_mark(token: str) -> str:
    """What is kept of a bearer token; a token is long and random, so a fast hash will do."""
    return hashlib.sha256(token.encode()).hexdigest()


# --- reading -------------------------------------------------------------------------------------


def read_book(path: Path) -> Book:
    """The accounts in the file; raises UsageError with the line of the first mistake."""
    try:
        text = path.read_text("utf-8")
        writable = path.stat().st_mode & 0o022
    except OSError as problem:
        raise UsageError(f"the users file {path}: {problem.strerror}") from problem
    except UnicodeDecodeError:
        raise UsageError(f"the users file {path} is not UTF-8") from None
    if writable:
        raise UsageError(f"the users file {path} can be changed by others: chmod 600 {path}")
    return _parse(text, path)


def _parse(text: str, path: Path) -> Book:
    accounts: dict[str, Account] = {}
    decoy = b""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, *fields = line.split()
        try:
            if name == _DECOY:
                decoy = decoded(" ".join(fields).removeprefix("decoy="))
            elif accounts.setdefault(name, account := _account(name, fields)) is not account:
                raise UsageError(f"{name!r} stands there twice")
        except UsageError as error:
            raise UsageError(f"{path}:{number}: {error}") from None
    return Book(accounts, decoy or secrets.token_bytes(32))


def _account(name: str, fields: list[str]) -> Account:
    if check_name(name) != name:
        raise UsageError(f"{name!r} would be looked up as {check_name(name)!r}: write that")
    values: dict[str, Any] = {}
    for written in fields:
        key, _, text = written.partition("=")
        if key not in _READERS:
            raise UsageError(f"a field {key!r} of {name!r}; there are: {', '.join(_READERS)}")
        attribute, read = _READERS[key]
        value = read(text)
        if value is None:
            raise UsageError(f"{key}= of {name!r} cannot be read")
        values[attribute] = value
    return Account(name=name, **values)


def _read_scram(text: str) -> ScramKeys | None:
    match text.split(","):
        case [count, salt, stored, server] if re.fullmatch("[1-9][0-9]{0,7}", count):
            keys = ScramKeys(
                salt=decoded(salt),
                iterations=int(count),
                stored_key=decoded(stored),
                server_key=decoded(server),
            )
            is_right = keys.salt and len(keys.stored_key) == len(keys.server_key) == 32
            return keys if is_right and keys.iterations <= _MOST_ITERATIONS else None
        case _:
            return None


def _read_secret(text: str) -> str | None:
    try:
        return decoded(text).decode() or None
    except UnicodeDecodeError:
        return None


def _read_tokens(text: str) -> frozenset[str] | None:
    marks = text.split(",")
    return frozenset(marks) if all(re.fullmatch("[0-9a-f]{64}", mark) for mark in marks) else None


# field -> the attribute of an account, and what reads it
_READERS: Final[Mapping[str, tuple[str, Callable[[str], object]]]] = {
    "scrypt": ("password", read_hash),
    "scram-sha-256": ("scram", _read_scram),
    "secret": ("secret", _read_secret),
    "token": ("tokens", _read_tokens),
}


# --- writing -------------------------------------------------------------------------------------


@contextlib.contextmanager
def changing(path: Path) -> Iterator[dict[str, Account]]:
    """The accounts, to be changed, and written if all goes well; nobody else may meanwhile."""
    try:
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as problem:
        raise UsageError(f"the users file {path}: {problem.strerror}") from problem
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        book = read_book(path) if path.exists() else Book({}, secrets.token_bytes(32))
        accounts = dict(book.accounts)
        yield accounts
        _write(path, Book(accounts, book.decoy))
    finally:
        os.close(directory)


def _write(path: Path, book: Book) -> None:
    """All of it or nothing, for our eyes only, on disk when this returns."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            if path.exists() and os.geteuid() == 0:
                owner = path.stat()  # root adds a user; the server that reads this is not root
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write("".join(f"{line}\n" for line in lines_of(book)).encode())
            file.flush()
            DISK.sync([(file.fileno(), str(draft))])
        draft.rename(path)
        DISK.sync_directories([str(path.parent)])
    except OSError as problem:
        draft.unlink(missing_ok=True)
        raise UsageError(f"the users file {path}: {problem.strerror}") from problem


def lines_of(book: Book) -> Iterator[str]:
    """The lines of the file."""
    yield HEADER
    yield f"{_DECOY} decoy={encoded(book.decoy)}"
    for account in book.accounts.values():
        yield " ".join([account.name, *_fields_of(account)])


def _fields_of(account: Account) -> Iterator[str]:
    if account.password is not None:
        yield f"scrypt={account.password}"
    if (keys := account.scram) is not None:
        octets = map(encoded, (keys.salt, keys.stored_key, keys.server_key))
        yield f"scram-sha-256={','.join([str(keys.iterations), *octets])}"
    if account.secret is not None:
        yield f"secret={encoded(account.secret.encode())}"
    if account.tokens:
        yield f"token={','.join(sorted(account.tokens))}"
