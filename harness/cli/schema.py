"""`smtp-harness schema`: the JSON Schema of suites, for an editor that completes and underlines."""

from __future__ import annotations

import json

import click


@click.command(short_help="Print the JSON Schema of suites, for editors.")
def schema() -> None:
    """Print the JSON Schema of suites, which editors complete keys by and underline mistakes.

    `# yaml-language-server: $schema=FILE` in the first line of a suite names it. It sees keys and
    their words; smtp-harness lint sees the dialogues too.
    """
    from harness.transcripts.schema import suite_schema

    click.echo(json.dumps(suite_schema(), indent=2))
