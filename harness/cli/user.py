"""`smtp-harness user`: who may log in to the reference server, kept in a file.

A password is never an argument: every user of the machine could read it.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from harness.cli.asking import is_terminal
from harness.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])


@click.group(short_help="Who may log in to the reference server.")
def user() -> None:
    """Add, change, list and remove users in a file for `serve --users FILE`.

    The file holds no password: scrypt hashes and SCRAM keys, but for --keep-clear.  A server that
    runs reads it again when it has changed.
    """


def _file(command: F) -> F:
    return click.option(
        "--file", "path", required=True, type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE", help="The file of users.",
    )(command)  # fmt: skip


def _password(command: F) -> F:
    options = (
        click.option(
            "--password-stdin", is_flag=True, help="Read the password from standard input, a line."
        ),
        click.option(
            "--password-env", metavar="NAME", help="Take the password from this variable."
        ),
        click.option(
            "--keep-clear", is_flag=True,
            help="Keep the password in the clear too, readable by whoever can read the file: "
                 "CRAM-MD5 and APOP cannot do without.",
        ),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@user.command(short_help="Add a user.")
@click.argument("name")
@_file
@_password
@click.option("--no-password", is_flag=True, help="A mailbox, and no log-in.")
def add(
    name: str,
    path: Path,
    password_stdin: bool,
    password_env: str | None,
    keep_clear: bool,
    no_password: bool,
) -> None:
    """Add a user to the file, which is made if it is not there."""
    from reference_server.users.book import Account, changing, check_name, make_account

    kept = check_name(name)
    if no_password:
        account = Account(name=kept)
    else:
        password = read_password(kept, stdin=password_stdin, env=password_env)
        account = make_account(kept, password, keeps_secret=keep_clear)
    with changing(path) as accounts:
        if kept in accounts:
            raise UsageError(f"{path}: there is a user {kept!r} already (user passwd changes it)")
        accounts[kept] = account
    click.echo(f"added {kept}")


@user.command(short_help="Give a user a new password.")
@click.argument("name")
@_file
@_password
def passwd(
    name: str, path: Path, password_stdin: bool, password_env: str | None, keep_clear: bool
) -> None:
    """Give a user a new password; tokens stay, one that was kept in the clear does not."""
    from reference_server.users.book import changing, make_account

    kept = _known(name, path)
    password = read_password(kept, stdin=password_stdin, env=password_env)
    account = make_account(kept, password, keeps_secret=keep_clear)
    with changing(path) as accounts:
        accounts[kept] = replace(account, tokens=accounts[_in(accounts, kept, path)].tokens)
    click.echo(f"changed {kept}")


@user.command(short_help="Give a user a bearer token.")
@click.argument("name")
@_file
def token(name: str, path: Path) -> None:
    """Make a bearer token for OAUTHBEARER and print it, once: the file keeps its hash alone."""
    from reference_server.users.book import changing, token_mark

    made = secrets.token_urlsafe(32)
    with changing(path) as accounts:
        account = accounts[_in(accounts, name, path)]
        tokens = account.tokens | {token_mark(made)}
        accounts[account.name] = replace(account, tokens=tokens)
    click.echo(made)


@user.command(short_help="Remove a user.")
@click.argument("name")
@_file
def remove(name: str, path: Path) -> None:
    """Remove a user from the file; the mailbox stays where it is."""
    from reference_server.users.book import changing

    with changing(path) as accounts:
        kept = _in(accounts, name, path)
        del accounts[kept]
    click.echo(f"removed {kept}")


@user.command("list", short_help="List the users.")
@_file
def list_(path: Path) -> None:
    """List the users of the file, and what each may log in with."""
    from reference_server.users.book import read_book

    for account in read_book(path).accounts.values():
        ways = (
            ("password", account.password),
            ("SCRAM", account.scram),
            ("kept in the clear", account.secret),
            ("tokens", account.tokens),
        )
        shown = ", ".join(word for word, way in ways if way) or "no log-in"
        click.echo(f"{account.name}\t{shown}")


def read_password(name: str, *, stdin: bool, env: str | None) -> str:
    """The password from where it was said to be, or typed twice."""
    if stdin and env is not None:
        raise UsageError("a password comes from one place: --password-stdin or --password-env")
    if env is not None:
        if env not in os.environ:
            raise UsageError(f"the password should be in the environment variable {env}")
        return os.environ[env]
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not is_terminal():
        raise UsageError("nobody can type a password here: --password-stdin or --password-env NAME")
    typed: str = click.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True)
    return typed


def _known(name: str, path: Path) -> str:
    """The name as it is kept; asked before anybody types a password."""
    from reference_server.users.book import read_book

    return _in(read_book(path).accounts, name, path)


def _in(accounts: Any, name: str, path: Path) -> str:
    from reference_server.users.book import folded

    kept = folded(name)
    if kept not in accounts:
        raise UsageError(f"{path}: there is no user {kept!r}")
    return kept
