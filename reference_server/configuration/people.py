"""`users:`, `aliases:` and `lists:` in a configuration: who can be written to here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.documents import Fields, Node, TextNode
from reference_server.configuration.checking import check_address, check_user
from reference_server.intake.directory import Alias, MailingList


def read_users(fields: Fields) -> Mapping[str, str | None]:
    """Names with their passwords; one without a password has a mailbox and no log-in."""
    users: dict[str, str | None] = {}
    for name, node in _named(fields, "users"):
        password = fields.as_text(node)
        if fields.made(name, check_user) is not None:
            users[name.value] = (password.value or None) if password else None
    return users


def read_aliases(fields: Fields) -> Mapping[str, Alias]:
    """Local-parts with the addresses that they stand for."""
    return {
        name.value.lower(): Alias(_addresses(fields, node))
        for name, node in _named(fields, "aliases")
        if fields.made(name, check_address)
    }


def read_lists(fields: Fields) -> Mapping[str, MailingList]:
    """Local-parts with the members that they stand for, and who hears of what fails."""
    lists: dict[str, MailingList] = {}
    for name, node in _named(fields, "lists"):
        with Fields(node, fields.complaints, f"the list {name.value!r}") as inner:
            members = _addresses(inner, inner.take("members")) if inner.require("members") else ()
            inner.require("owner")
            owner = inner.made(inner.node("owner"), check_address)
        if fields.made(name, check_address):
            lists[name.value.lower()] = MailingList(members, owner or "")
    return lists


def _named(fields: Fields, key: str) -> Iterator[tuple[TextNode, Node]]:
    """The entries of a mapping from local-parts; each may stand once, whatever its case."""
    inner = fields.fields(key)
    seen: dict[str, TextNode] = {}
    for name, node in inner.rest() if inner else ():
        first = seen.setdefault(name.value.lower(), name)
        if first is name:
            yield name, node
        else:
            fields.complaints.add(name.at, f"{name.value!r} is {first.value!r} in other letters",
                                  f"which stands in line {first.at.line}")  # fmt: skip


def _addresses(fields: Fields, node: Node | None) -> tuple[str, ...]:
    made = (fields.made(one, check_address) for one in fields.as_texts(node))
    return tuple(address for address in made if address is not None)
