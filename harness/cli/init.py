"""`smtp-harness init`: look at a server and write down what a suite needs to know of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import trio

from harness.errors import UsageError
from harness.probing.acquaintance import FOREIGN, Findings, get_acquainted
from harness.reports.files import check_writable, write_whole
from harness.target import Target, read_target, with_options
from harness.visible import harmless


@click.command(short_help="Probe a server and write a target file for it.")
@click.argument("server", metavar="HOST[:PORT]")
@click.option(
    "-o", "--output", "path", default="target.yaml", show_default=True, help="The file to write.",
    type=click.Path(dir_okay=False, path_type=Path),
)  # fmt: skip
@click.option("--to", "recipients", multiple=True, metavar="MAILBOX", help="Try this recipient.")
@click.option("--from", "sender", metavar="MAILBOX", help="Say this in MAIL FROM.")
@click.option("--timeout", metavar="5s", help="How long to wait for each answer.")
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
def init(
    server: str,
    path: Path,
    recipients: tuple[str, ...],
    sender: str | None,
    timeout: str | None,
    force: bool,
) -> None:
    """Probe a server and write a target file for it.

    It says EHLO, MAIL and RCPT and looks whether TLS works; no message is sent.
    """
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; --force replaces it, -o writes another file")
    check_writable(path)
    target = with_options(read_target(server), to=recipients, sender=sender, timeout=timeout)
    findings = trio.run(get_acquainted, target, recipients)
    write_whole(path, "".join(f"{line}\n" for line in target_file(target, findings)))
    for line in _told(path, findings):
        click.echo(harmless(line))


def target_file(target: Target, findings: Findings) -> Iterator[str]:
    """The lines of a target file; what is not known stands there as a comment."""
    taken = ", ".join(map(_quoted, findings.taken))
    yield f"# Greeted us with: {harmless(findings.greeting)}"
    yield f"# Offers: {harmless(' '.join(findings.keywords)) or 'nothing'}"
    yield f"address: {target.address}"
    yield f"our_name: {target.our_name}              # what we say in EHLO"
    yield f"sender: {_quoted(target.sender)}"
    yield from (
        f"# {recipient} was refused: {harmless(str(answer))}"
        for recipient, answer in findings.refused
    )
    yield f"recipients: [{taken}]" if taken else "# recipients: [alice@example.test]"
    if findings.unknown:
        yield f"unknown_recipient: {_quoted(findings.unknown)}"
    else:
        yield "# unknown_recipient: nobody@example.test  # one that is refused"
    if findings.foreign and findings.foreign.is_positive:
        yield f"# The next was taken, from anybody: {harmless(str(findings.foreign))}"
    yield f"{'' if findings.foreign else '# '}foreign_recipient: {FOREIGN}"
    yield "# alias: team@example.test                # stands for the first two recipients"
    yield "# mailing_list: list@example.test         # of which they are the members"
    yield "# many: user{n}@many.example.test         # where cases with 100 recipients find them"
    yield from _tls(findings)
    if findings.demands:
        yield f"always: [{', '.join(findings.demands)}]"
    login = "login: {user: alice, password_env: TARGET_PASSWORD}"
    yield login if "auth" in findings.demands else f"# {login}"
    yield "# delivery: maildir:/srv/mail/alice       # to read back what was delivered"
    yield "# known: known.yaml                       # deviations that you know of"
    yield "# leave_out: [smuggling]                  # cases that are not played, by address"
    if not target.address.is_loopback:
        yield "# mine: [HOST]                           # yours: hostile suites may touch it"


def _quoted(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9][\w.+-]*(@[\w.-]+)?", text, re.ASCII):
        return text
    return "'" + text.replace("'", "''") + "'"  # YAML: a quote within is doubled


def _tls(findings: Findings) -> Iterator[str]:
    if findings.tls:
        yield f"# TLS: {harmless(findings.tls)}"
        yield "tls: {verify: false}                     # or ca: FILE, server_name: NAME"
    elif findings.tls == "":
        yield "# TLS works, and its certificate is trusted."


def _told(path: Path, findings: Findings) -> Iterator[str]:
    yield f"{findings.domain or 'the server'} greeted us with: {findings.greeting}"
    if not findings.mail.is_positive:
        yield f"MAIL was refused: {findings.mail}"
    yield from (f"{to} was refused: {answer}" for to, answer in findings.refused)
    if findings.taken:
        yield f"it takes mail for: {', '.join(findings.taken)}"
    else:
        yield "give it a recipient with --to, or most cases will be skipped"
    if findings.foreign and findings.foreign.is_positive:
        yield f"it takes mail for {FOREIGN} too: is it an open relay?"
    if findings.tls:
        yield f"TLS: {findings.tls}"
    yield f"wrote {path}; next: smtp-harness run {path}"
