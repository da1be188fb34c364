"""Reading a configuration: every key of the file, every mistake with its line, all in one pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from harness.documents import Complaints, DocumentError, Fields, TextNode, read
from harness.protocol.extensions import EXTENSIONS
from reference_server.configuration.bounds import read_limits, read_patience
from reference_server.configuration.checking import check_domain, check_fault, read_control
from reference_server.configuration.people import read_aliases, read_lists, read_users
from reference_server.configuration.relaying import read_relaying
from reference_server.configuration.values import Config, KeyPair
from reference_server.doors.door import read_door, read_endpoint
from reference_server.faults.model import Table
from reference_server.faults.reading import read_table
from reference_server.intake.policy import Tells
from reference_server.talks.voices import VOICES
from reference_server.watching.log import Form, Level, Logging, log_path

T = TypeVar("T")


def read_config(path: Path) -> Config:
    """What the file says; raises DocumentError with every complaint about it."""
    complaints = Complaints()
    root = read(path, complaints)
    complaints.raise_errors()
    with Fields(root, complaints, "the configuration") as fields:
        config = _Reader(fields, path.parent).config()
    complaints.raise_errors()
    return config


class _Reader:
    """Reads the keys; a value that is wrong has been complained of and is left at its default."""

    def __init__(self, fields: Fields, directory: Path) -> None:
        self._fields = fields
        self._complaints = fields.complaints
        self._directory = directory

    def config(self) -> Config:
        """The whole of it."""
        fields, standard = self._fields, Config()
        self_signed, key_pair = self._tls()
        limits, allowance = read_limits(fields.fields("limits"))
        relay = fields.fields("relay")
        users_are_elsewhere = isinstance(fields.take("users"), TextNode)
        return Config(
            domain=fields.made(fields.node("domain"), check_domain) or standard.domain,
            users={} if users_are_elsewhere else read_users(fields),
            users_file=self._path(fields, "users") if users_are_elsewhere else None,
            aliases=read_aliases(fields),
            lists=read_lists(fields),
            separator=self._separator(standard.separator),
            anyone_at=self._each("anyone_at", check_domain),
            takes_mail=fields.flag("takes_mail", default=True),
            tells=Tells(fields.choice("verify", [one.value for one in Tells]) or standard.tells),
            spool=self._path(fields, "spool"),
            sync=fields.flag("sync", default=True),
            discard=fields.flag("discard"),
            sink=fields.flag("sink"),
            tells_postmaster=self._tells_postmaster(),
            relay=None if relay is None else read_relaying(relay),
            doors=self._each("listen", read_door) or standard.doors,
            voice=fields.choice("voice", VOICES) or standard.voice,
            fault=fields.made(fields.node("fault"), check_fault),
            faults=self._faults(),
            tls_self_signed=self_signed,
            key_pair=key_pair,
            auth_in_clear=fields.flag("auth_in_clear"),
            demand_tls=self._demand_tls(has_tls=self_signed or key_pair is not None),
            without=self._without(),
            limits=limits,
            allowance=allowance,
            patience=read_patience(fields.fields("timeouts")),
            workers=fields.number("workers", 1, minimum=1) or 1,
            log=self._log(),
            metrics=fields.made(fields.node("metrics"), read_endpoint),
            control=fields.made(fields.node("control"), read_control),
        )

    def _demand_tls(self, *, has_tls: bool) -> bool:
        demanded = self._fields.flag("demand_tls")
        if demanded and not has_tls:
            self._complaints.add(
                self._fields.place("demand_tls"), "'demand_tls' is met by nobody without 'tls'"
            )
        return demanded

    def _tells_postmaster(self) -> bool:
        """What becomes of bounces that bounce, and of all else that has no sender."""
        inner = self._fields.fields("bounces")
        if inner is None:
            return True
        with inner:
            return inner.choice("double", ["postmaster", "discard"]) != "discard"

    def _separator(self, default: str) -> str:
        node = self._fields.node("separator")
        if node is not None and len(node.value) > 1:
            self._complaints.add(node.at, "'separator' is one character, or '' for none")
        return default if node is None else node.value

    def _without(self) -> frozenset[str]:
        """The extensions that are switched off."""
        inner = self._fields.fields("extensions")
        if inner is None:
            return frozenset()
        with inner:
            return frozenset(name for name in EXTENSIONS if not inner.flag(name, default=True))

    def _faults(self) -> Table | None:
        """The table in a file of its own, whose mistakes are told together with ours."""
        path = self._path(self._fields, "faults")
        if path is None:
            return None
        try:
            return read_table(path)
        except DocumentError as error:
            for one in error.complaints:
                self._complaints.add(one.at, one.message, one.hint)
            return None

    def _tls(self) -> tuple[bool, KeyPair | None]:
        """Whether a certificate is made, or which one there is."""
        inner = self._fields.fields("tls")
        if inner is None:
            return False, None
        with inner:
            self_signed = inner.flag("self_signed")
            certificate = self._path(inner, "certificate")
            key = self._path(inner, "key") or certificate  # both may stand in one file
        if self_signed is (certificate is not None):
            self._complaints.add(inner.at, "'tls' wants either a certificate or `self_signed: yes`")
        return self_signed, KeyPair(certificate, key) if certificate and key else None

    def _log(self) -> Logging | None:
        """Where the log goes: `log: server.log`, or a mapping that tells more."""
        node = self._fields.take("log")
        if node is None:
            return None
        if isinstance(node, TextNode):
            return Logging(path=log_path(node.value, self._directory))
        with Fields(node, self._complaints, "'log'") as inner:
            to = inner.text("to") or "stderr"
            form = inner.choice("form", [form.value for form in Form])
            level = inner.choice("level", [level.value for level in Level])
        return Logging(
            path=log_path(to, self._directory),
            form=Form(form) if form else Logging().form,
            level=Level(level) if level else Logging().level,
        )

    def _each(self, key: str, make: Callable[[str], T]) -> tuple[T, ...]:
        made = (self._fields.made(node, make) for node in self._fields.text_nodes(key))
        return tuple(value for value in made if value is not None)

    def _path(self, fields: Fields, key: str) -> Path | None:
        text = fields.text(key)
        return self._directory / Path(text).expanduser() if text else None
