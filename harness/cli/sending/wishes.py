"""The command line of `send` as one value, and which of its options do not go together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user wants, option by option."""

    target: str | None
    # who
    to: tuple[str, ...]
    sender: str | None
    helo: str | None
    # what
    body: str | None
    file: Path | None
    template: Path | None
    raw: bool
    headers: tuple[str, ...]
    subject: str | None
    attachments: tuple[Path, ...]
    count: int
    # TLS and log-in
    tls: str
    insecure: bool
    ca: Path | None
    server_name: str | None
    cert: Path | None
    key: Path | None
    login: str | None
    mechanism: str | None
    clear_auth: bool
    # how
    lmtp: bool
    helo_only: bool
    pipelining: str
    bdat: int | None
    smtputf8: bool
    notify: str | None
    ret: str | None
    envid: str | None
    orcpt: tuple[str, ...]
    requiretls: bool
    priority: int | None
    by: str | None
    hold_for: int | None
    hold_until: str | None
    mail_parameters: tuple[str, ...]
    rcpt_parameters: tuple[str, ...]
    lines: tuple[str, ...]
    stop_after: str | None
    drop_after: str | None
    timeout: str | None
    mine: tuple[str, ...]
    # what is told
    times: bool
    quiet: bool
    json: bool
    color: str

    def __post_init__(self) -> None:
        self._only_one("--body", self.body, "--file", self.file, "--template", self.template)
        self._only_one("--stop-after", self.stop_after, "--drop-after", self.drop_after)
        self._only_one("--quiet", self.quiet, "--json", self.json)
        made = {
            "--header": self.headers,
            "--subject": self.subject,
            "--attach": self.attachments,
        }
        source = "--file" if self.file else "--template" if self.template else None
        for option, value in made.items():
            if value and source:
                raise UsageError(f"{option}: the header of {source} is sent as it is written there")
        if self.raw and not self.file:
            raise UsageError("--raw is for --file")
        if self.raw and self.bdat is not None:
            raise UsageError("--raw goes by DATA: leave --bdat out")
        if self.key and not self.cert:
            raise UsageError("--key: the certificate that it belongs to is missing (--cert)")

    @staticmethod
    def _only_one(*options: object) -> None:
        given = [name for name, value in zip(options[::2], options[1::2], strict=True) if value]
        if len(given) > 1:
            raise UsageError(f"{' and '.join(map(str, given))} exclude each other")
