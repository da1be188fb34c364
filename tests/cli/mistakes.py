"""Subcommands that go wrong, each in its own way."""

from __future__ import annotations

import click

from harness.documents import Complaint, DocumentError, Place
from harness.errors import PeerSilent, UsageError


@click.command()
def fine() -> int:
    click.echo("fine")
    return 0


@click.command()
def unmet() -> int:
    return 1


@click.command()
def misused() -> None:
    raise UsageError("no such \x1b[31msuite")


@click.command()
def misused_below_a_nursery() -> None:
    raise ExceptionGroup("a nursery", [ExceptionGroup("a nursery", [UsageError("bad word")])])


@click.command()
def bad_file() -> None:
    raise DocumentError([Complaint(Place("t.yaml", 3, 2, "a b"), "unknown key 'b'")])


@click.command()
def silent() -> None:
    raise PeerSilent("127.0.0.1:25 did not answer within 5 s")


@click.command()
def our_bug() -> None:
    raise KeyError("oops")


@click.command()
def stopped() -> None:
    raise KeyboardInterrupt


@click.command()
def chatty() -> None:
    for _ in range(100_000):
        click.echo("y" * 100)


@click.command()
def stopped_in_a_nursery() -> None:
    raise BaseExceptionGroup("a nursery", [KeyboardInterrupt()])


@click.command()
def stopped_amid_a_bug() -> None:
    raise BaseExceptionGroup("a nursery", [KeyboardInterrupt(), KeyError("oops")])
