"""The group of subcommands: loaded when asked for; errors become words and an exit status.

A mistake of the user's never shows a traceback, and a mistake of ours shows one on request only.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import click

from harness import __version__
from harness.documents import DocumentError, nearest
from harness.errors import HarnessError, UsageError
from harness.visible import harmless

WRONG_USE, TROUBLE, INTERRUPTED, BROKEN_PIPE = 2, 3, 130, 141
DEBUG = "SMTP_HARNESS_DEBUG"


class Commands(click.Group):
    """Subcommands by name: where each one lives, and a line of help that needs no import."""

    def __init__(self, *, table: Mapping[str, tuple[str, str, str]], **options: Any) -> None:
        super().__init__(
            context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
            **options,
        )
        self._table = table
        version = click.version_option(__version__, prog_name=self.name)
        version(self)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, the most used one first."""
        return list(self._table)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command, its module imported now."""
        if name not in self._table:
            return None
        module, attribute, _ = self._table[name]
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names; click's own error names no near one."""
        if args and args[0] not in self._table and not args[0].startswith("-"):
            hint = nearest(args[0], self._table) or f"there are: {', '.join(self._table)}"
            raise click.UsageError(f"there is no command {args[0]!r} ({hint})", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, _, about) in self._table.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; click would make status 1 of a broken pipe, which means something."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            let_go_of_stdout()
            ctx.exit(BROKEN_PIPE)

    def main(self, *args: Any, **options: Any) -> NoReturn:
        """Run, and leave with the exit status that DESIGN.md promises."""
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # any text
        sys.exit(self._status(*args, **(options | {"standalone_mode": False})))

    def _status(self, *args: Any, **options: Any) -> int:
        try:
            return int(super().main(*args, **options) or 0)
        except click.ClickException as error:
            click.echo(_wrong_use(error), err=True)
            return WRONG_USE
        except (click.Abort, KeyboardInterrupt):
            return INTERRUPTED
        except BaseExceptionGroup as group:
            _, others = group.split(KeyboardInterrupt)
            if others is None:
                return INTERRUPTED
            return tell(others)
        except Exception as error:
            return tell(error)


def let_go_of_stdout() -> None:
    """Whoever read our output has seen enough: nothing may be flushed into the pipe at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _wrong_use(error: click.ClickException) -> str:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.format_message()
    context = error.ctx if isinstance(error, click.UsageError) else None
    where = f"\nsee {context.command_path} --help" if context else ""
    return f"error: {error.format_message()}{where}"


def tell(error: BaseException) -> int:
    """Words for an error, on stderr, and the exit status."""
    if os.environ.get(DEBUG):
        traceback.print_exc()
    reasons = list(_leaves(error))
    ours = [one for one in reasons if not isinstance(one, HarnessError)]
    if ours:
        click.echo(_our_bug(ours[0]), err=True)
        return TROUBLE
    for reason in reasons:
        prefix = "" if isinstance(reason, DocumentError) else "error: "
        click.echo(f"{prefix}{harmless(str(reason))}", err=True)
    return WRONG_USE if all(isinstance(one, UsageError) for one in reasons) else TROUBLE


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors inside of groups, which is how trio's nurseries raise them."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _our_bug(error: BaseException) -> str:
    what = harmless(f"{type(error).__name__}: {error}")
    return (
        f"error: {what}\n"
        "This is a bug in smtp-harness, not in your mail server. Please report it with the output\n"
        f"of the same command under {DEBUG}=1."
    )
