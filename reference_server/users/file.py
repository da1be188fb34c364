"""Users of a file, which is read again when it has changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from harness.errors import UsageError
from harness.protocol.sasl import Ability, ScramKeys
from reference_server.users.book import (
    Account,
    Book,
    folded,
    make_account,
    read_book,
    token_mark,
)
from reference_server.users.decoy import Decoy
from reference_server.users.passwords import Remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """A file as it was read, ready to be asked."""

    version: tuple[int, ...]  # of the file
    accounts: Mapping[str, Account]
    owners: Mapping[str, str]  # of tokens, by their marks
    abilities: frozenset[Ability]
    decoy: Decoy


class FileUsers(Collection[str]):
    """Names and log-ins; threads may ask at the same time.

    A file that has become unreadable changes nothing: somebody is told, and all who could log in
    still can.
    """

    takes_time = True

    def __init__(
        self,
        path: Path,
        others: Mapping[str, str | None] | None = None,
        *,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._path = path
        # Who stands in no file is hashed too: all passwords take the same time.
        self._others = {
            folded(name): make_account(name, password) if password else Account(name=folded(name))
            for name, password in (others or {}).items()
        }
        self._tell = tell or _tell_on_stderr
        self._remembered = Remembered()
        self._complaint_about: tuple[int, ...] | None = None  # the version that was no good
        self._table = self._read()

    def __contains__(self, name: object) -> bool:
        return name in self._current().accounts

    def __iter__(self) -> Iterator[str]:
        return iter(self._current().accounts)

    def __len__(self) -> int:
        return len(self._current().accounts)

    @property
    def abilities(self) -> Collection[Ability]:
        """What at least one user can do."""
        return self._current().abilities

    def knows_password(self, user: str, password: str) -> bool:
        """Whether this is the password of that user."""
        name, table = folded(user), self._current()
        account = table.accounts.get(name)
        kept = (account.password if account else None) or table.decoy.hash(name)
        return self._remembered.fits(name, password, kept)

    def scram_keys(self, user: str) -> ScramKeys:
        """The user's keys, or some that nobody has."""
        name, table = folded(user), self._current()
        made_up = table.decoy.scram_keys(name)
        account = table.accounts.get(name)
        return (account.scram if account else None) or made_up

    def shared_secret(self, user: str) -> bytes:
        """The user's password, if it is kept in the clear, or one that nobody has."""
        name, table = folded(user), self._current()
        made_up = table.decoy.octets("secret", name)
        account = table.accounts.get(name)
        return account.secret.encode() if account and account.secret else made_up

    def owner_of(self, token: str) -> str | None:
        """Whose bearer token it is."""
        return self._current().owners.get(token_mark(token))

    def _current(self) -> _Table:
        """The table, read again if the file has changed."""
        version = self._version()
        if version not in (self._table.version, self._complaint_about):
            try:
                self._table = self._read()
            except UsageError as error:
                self._complaint_about = version  # once is enough
                self._tell(f"{error}; the users are still those from before")
        return self._table

    def _version(self) -> tuple[int, ...]:
        try:
            found = self._path.stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode

    def _read(self) -> _Table:
        version = self._version()  # before reading: what changes meanwhile is read once more
        return _table_of(read_book(self._path), self._others, version)


def _table_of(book: Book, others: Mapping[str, Account], version: tuple[int, ...]) -> _Table:
    accounts = {**book.accounts, **others}
    return _Table(
        version=version,
        accounts=accounts,
        owners={mark: one.name for one in accounts.values() for mark in one.tokens},
        abilities=frozenset(ability for one in accounts.values() for ability in _abilities(one)),
        decoy=Decoy(book.decoy),
    )


def _abilities(account: Account) -> Iterator[Ability]:
    if account.password is not None:
        yield Ability.PASSWORD
    if account.scram is not None:
        yield Ability.SCRAM
    if account.secret is not None:
        yield Ability.SECRET
    if account.tokens:
        yield Ability.TOKEN


def _tell_on_stderr(complaint: str) -> None:
    click.echo(f"warning: {complaint}", err=True)
