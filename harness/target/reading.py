"""Reading a target: the one word of a command line, or the YAML file that it names."""

from __future__ import annotations

import os
from pathlib import Path

from harness.documents import Complaints, Fields, TextNode, read
from harness.errors import UsageError
from harness.target.address import Address, read_address
from harness.target.command import Script, read_command
from harness.target.delivery import read_delivery
from harness.target.environment import filled_in
from harness.target.options import read_mailbox
from harness.target.secret import PASSWORD_ENV, Login, Secret
from harness.target.target import ANY, Relay, Target, Timeouts, TlsPolicy, domain_of
from harness.target.unshown import unshown

LISTENERS = ("smtp", "smtps", "lmtp", "submission", "submissions")
DEMANDS = ("tls", "auth")
_SUFFIXES = (".yaml", ".yml")
_DISCREET = frozenset({"delivery", "queue", "start", "stop"})  # their values may hold passwords


def read_target(text: str) -> Target:
    """The target that a word names; raises UsageError, or DocumentError with every complaint."""
    if is_file_name(text):
        return _read_file(text)
    address = read_address(text)
    login = Login(address.user, Secret(env=PASSWORD_ENV)) if address.user else None
    return Target(address=address, login=login, arguments=(text,))


def is_file_name(text: str) -> bool:
    """Whether the word names a target file, and is no address."""
    return "://" not in text and (text.endswith(_SUFFIXES) or "/" in text)


def _read_file(path: str) -> Target:
    complaints = Complaints()
    root = read(path, complaints)
    complaints.raise_errors()
    assert root is not None, "a file without a node has a complaint"
    root = filled_in(unshown(root, _DISCREET), os.environ, complaints)
    with Fields(root, complaints, "the target") as fields:
        target = _Reader(fields, Path(path).parent).target(path)
    complaints.raise_errors()
    return target


class _Reader:
    """Reads the keys of a target file."""

    def __init__(self, fields: Fields, directory: Path) -> None:
        self._fields = fields
        self._complaints = fields.complaints
        self._directory = directory

    def target(self, path: str) -> Target:
        """The whole of it; values that are wrong have been complained of and left out."""
        fields = self._fields
        fields.require("address")
        standard = Target(address=Address("localhost", 25))
        address = self._fields.made(fields.node("address"), read_address) or standard.address
        recipients = self._mailboxes("recipients") or standard.recipients
        return Target(
            address=address,
            name=fields.text("name") or self._directory.resolve().name,
            listeners=self._listeners(),
            our_name=fields.text("our_name") or standard.our_name,
            domain=fields.text("domain") or domain_of(recipients),
            sender=self._sender(standard.sender),
            recipients=recipients,
            many=self._many(),
            unknown_recipient=self._mailbox(fields, "unknown_recipient"),
            foreign_recipient=self._mailbox(fields, "foreign_recipient"),
            alias=self._mailbox(fields, "alias"),
            mailing_list=self._mailbox(fields, "mailing_list"),
            login=self._login(address),
            tls=self._tls(),
            delivery=self._delivery(),
            relay=self._relay(),
            always=self._always(),
            timeouts=self._timeouts(),
            known=self._path(fields, "known"),
            leave_out=fields.texts("leave_out"),
            mine=fields.texts("mine"),
            queue=self._command("queue"),
            start=self._script("start"),
            stop=self._script("stop"),
            directory=self._directory,
            arguments=(path,),
        )

    def _listeners(self) -> dict[str, Address]:
        listeners = {}
        for name, node in self._fields.pairs("listeners").items():
            if name not in LISTENERS:
                self._complaints.unknown(node.at, "listener", name, LISTENERS)
            elif address := self._fields.made(node, read_address):
                listeners[name] = address
        return listeners

    def _mailbox(self, fields: Fields, key: str) -> str | None:
        return self._fields.made(fields.node(key), lambda text: read_mailbox(text, key))

    def _mailboxes(self, key: str) -> tuple[str, ...]:
        nodes = self._fields.text_nodes(key)
        read = (self._fields.made(node, lambda text: read_mailbox(text, key)) for node in nodes)
        return tuple(mailbox for mailbox in read if mailbox is not None)

    def _sender(self, default: str) -> str:
        node = self._fields.node("sender")
        sender = self._fields.made(node, lambda text: read_mailbox(text, "sender", null=True))
        return default if sender is None else sender

    def _many(self) -> str | None:
        node = self._fields.node("many")
        if node is not None and "{n}" not in node.value:
            self._complaints.add(node.at, "'many' must hold {n}", "user{n}@many.example.test")
            return None
        return node.value if node else None

    def _login(self, address: Address) -> Login | None:
        fields = self._fields.fields("login")
        if fields is None:
            return Login(address.user, Secret(env=PASSWORD_ENV)) if address.user else None
        with fields:
            if fields.take("password") is not None:
                self._complaints.add(
                    fields.place("password"),
                    "a password has no place in a target file",
                    "use password_env or password_file",
                )
            user = fields.required_text("user")
            file = self._path(fields, "password_file")
            env = fields.text("password_env")
            return Login(user, Secret(file=file) if file else Secret(env=env or PASSWORD_ENV))

    def _tls(self) -> TlsPolicy:
        fields = self._fields.fields("tls")
        if fields is None:
            return TlsPolicy()
        with fields:
            return TlsPolicy(
                verify=fields.flag("verify", default=True),
                ca=self._path(fields, "ca"),
                server_name=fields.text("server_name"),
            )

    def _delivery(self) -> dict[str, str]:
        node = self._fields.take("delivery")
        if node is None:
            return {}
        if isinstance(node, TextNode):
            return dict(filter(None, [self._fields.made(node, self._read_delivery)]))
        found = {}
        for recipient, node in self._fields.pairs("delivery").items():
            if delivery := self._fields.made(node, self._read_delivery):
                found[recipient.strip("<>")] = delivery[1]
        return found

    def _read_delivery(self, text: str) -> tuple[str, str]:
        recipient, url = read_delivery(text, self._directory)
        if recipient != ANY:
            raise UsageError("several deliveries are a mapping: {alice@example.test: maildir:/a}")
        return recipient, url

    def _relay(self) -> Relay | None:
        fields = self._fields.fields("relay")
        if fields is None:
            return None
        with fields:
            fields.require("recipient")
            return Relay(
                recipient=self._mailbox(fields, "recipient") or "",
                next_hop=self._fields.made(fields.node("next_hop"), read_address),
                bounce=self._mailbox(fields, "bounce"),
            )

    def _always(self) -> frozenset[str]:
        words = set()
        for node in self._fields.text_nodes("always"):
            if node.value in DEMANDS:
                words.add(node.value)
            else:
                self._complaints.unknown(node.at, "word for 'always'", node.value, DEMANDS)
        return frozenset(words)

    def _timeouts(self) -> Timeouts:
        fields = self._fields.fields("timeouts")
        if fields is None:
            return Timeouts()
        with fields:
            return Timeouts(
                greeting=fields.duration("greeting") or Timeouts().greeting,
                reply=fields.duration("reply") or Timeouts().reply,
                delivery=fields.duration("delivery") or Timeouts().delivery,
            )

    def _command(self, key: str) -> str | None:
        return self._fields.made(self._fields.node(key), read_command)

    def _script(self, key: str) -> Script | None:
        node = self._fields.node(key)
        return Script(node.value, str(node.at)) if node and node.value.strip() else None

    def _path(self, fields: Fields, key: str) -> Path | None:
        text = fields.text(key)
        return self._directory / Path(text).expanduser() if text else None
