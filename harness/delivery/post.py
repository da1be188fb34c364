"""Where the mail of a target is read back: a reader for each recipient, by the URL of its store."""

from __future__ import annotations

import ssl
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import trio

from harness.delivery.arrivals import Store, arrivals
from harness.delivery.command import Command
from harness.delivery.doors import Door
from harness.delivery.folder import Folder
from harness.delivery.imap import ImapMailbox
from harness.delivery.maildir import Maildir
from harness.delivery.maildir_tree import Tree
from harness.delivery.mailhog import MailHog
from harness.delivery.mailpit import Mailpit
from harness.delivery.mbox import Mbox
from harness.delivery.pop import Maildrop
from harness.delivery.sink_spool import SinkSpool
from harness.delivery.stored import Stored
from harness.errors import UsageError
from harness.protocol.sasl import Login
from harness.target import Target
from harness.target.delivery import MailServer, read_server


class Reader(Protocol):
    """Reads what arrives for one recipient after it was opened."""

    async def messages(self) -> list[Stored]:
        """What has arrived so far; raises PeerError if that cannot be told."""

    async def fresh(self) -> list[Stored]:
        """What has arrived since the last look, for whoever asks for nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a store is made of."""

    kind: str
    rest: str  # of the URL
    recipient: str
    target: Target
    context: Callable[[], ssl.SSLContext]
    trees: dict[Path, Tree]  # that others have looked into

    @property
    def tree(self) -> Tree:
        """The Maildirs below the path that the URL names."""
        return self.trees.setdefault(self.path, Tree(self.path))

    @property
    def path(self) -> Path:
        """The path that the URL names."""
        return Path(self.rest)

    @property
    def door(self) -> Door:
        """The server that the URL names; raises UsageError if its password is nowhere."""
        server = read_server(f"{self.kind}:{self.rest}", self.target.directory)
        return Door(
            address=server.address,
            login=_revealed(server, self.target),
            folder=server.folder,
            context=self.context,
            server_name=self.target.tls.server_name or server.address.host,
            patience=self.target.timeouts.reply,
        )


class Post:
    """The readers of one target; those of one store take turns."""

    def __init__(self, target: Target, context: Callable[[], ssl.SSLContext]) -> None:
        self._target = target
        self._context = context
        self._trees: dict[Path, Tree] = {}
        self._turns: defaultdict[str, trio.Lock] = defaultdict(trio.Lock)

    async def open(self, recipient: str) -> Reader:
        """A reader of what arrives for the recipient from now on.

        Raises UsageError if it cannot be as the target says, PeerError if it is not to be had.
        """
        template = self._target.delivery_of(recipient)
        assert template is not None, "who asks has looked whether the target says where"
        kind, _, rest = template.partition(":")
        order = Order(
            kind=kind,
            rest=_filled_in(rest, recipient),
            recipient=recipient,
            target=self._target,
            context=self._context,
            trees=self._trees,
        )
        if kind in _MBOXES:
            return Mbox(order.path, reversible=_MBOXES[kind])
        return await arrivals(_STORES[kind](order), self._turns[f"{kind}:{order.rest}"])


def _filled_in(text: str, recipient: str) -> str:
    """The URL for one recipient, whose name must not lead out of a directory."""
    local = recipient.rpartition("@")[0] or recipient
    filled = text.replace("{recipient}", recipient).replace("{local}", local)
    if filled != text and ("/" in recipient or recipient.startswith(".")):
        raise UsageError(f"{recipient} can be no name of a file")
    return filled


def _revealed(server: MailServer, target: Target) -> Login | None:
    """Who we are there; without a source of its own the password is that of the target's login."""
    login = server.login
    if login is None:
        return None
    own = target.login
    if not server.has_source and own is not None and own.user == login.user:
        login = own
    return Login(login.user, login.password.reveal())


_MBOXES: Final[Mapping[str, bool]] = {"mbox": False, "mboxrd": True}  # whether >From is reversible

_STORES: Final[Mapping[str, Callable[[Order], Store]]] = {
    "maildir": lambda order: Maildir(order.tree, order.recipient, order.target.recipients),
    "dir": lambda order: Folder(order.path),
    "command": lambda order: Command(order.rest, order.recipient, order.target.directory),
    "sink-spool": lambda order: SinkSpool(order.tree, order.recipient, order.target.recipients),
    **dict.fromkeys(("pop3", "pop3s"), lambda order: Maildrop(order.door)),
    **dict.fromkeys(("imap", "imaps"), lambda order: ImapMailbox(order.door)),
    **dict.fromkeys(
        ("mailpit+http", "mailpit+https"), lambda order: Mailpit(order.door, order.recipient)
    ),
    **dict.fromkeys(
        ("mailhog+http", "mailhog+https"), lambda order: MailHog(order.door, order.recipient)
    ),
}
