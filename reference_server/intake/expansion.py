"""Expansion: one accepted message to the copies that it becomes, by inbox and by next hop.

Pure, so that a promise can be looked at before it is made.  DSN requests follow RFC 3461 5.2.7:
a list is final delivery, an alias for one passes all on, an alias for several says "expanded".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.protocol.addresses import Mailbox, read_forward_path
from harness.protocol.commands import Objection, Parameters
from reference_server.intake.directory import Alias, Directory, Inbox, MailingList


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One copy for one address, as the envelope of its last leg says it."""

    reverse_path: str  # the empty string is the null reverse-path
    mail_parameters: Parameters
    address: str
    rcpt_parameters: Parameters


@dataclass(frozen=True, slots=True)
class Notice:
    """A recipient whose sender is told at once: `delivered` or `expanded` (RFC 3464 2.3.3)."""

    action: str
    address: str
    parameters: Parameters


@dataclass(slots=True)
class Expansion:
    """What a message becomes: at most one copy for each inbox and each address elsewhere."""

    inboxes: dict[str, Copy] = field(default_factory=dict)  # by the name of the inbox
    elsewhere: dict[tuple[str, str], Copy] = field(default_factory=dict)  # by sender and address
    notices: list[Notice] = field(default_factory=list)
    lost: list[Copy] = field(default_factory=list)  # behind an alias or a list, and for nobody


def expand(
    directory: Directory,
    reverse_path: str,
    mail_parameters: Parameters,
    recipients: Iterable[tuple[Mailbox, Parameters]],
) -> Expansion:
    """The copies for these recipients; an address that leads back to itself is its own inbox."""
    result = Expansion()
    for mailbox, parameters in recipients:
        copy = Copy(
            reverse_path=reverse_path,
            mail_parameters=mail_parameters,
            address=str(mailbox),
            rcpt_parameters=parameters,
        )
        if not _expand(directory, mailbox, copy, frozenset(), result):
            result.lost.append(copy)  # aliases in a circle, with nobody in it
    return result


def _expand(
    directory: Directory, mailbox: Mailbox, copy: Copy, above: frozenset[str], result: Expansion
) -> bool:
    """Whether anything came of it; False only where all leads back to where it came from."""
    where = directory.spelling(mailbox)
    if not directory.is_ours(mailbox):
        result.elsewhere.setdefault((copy.reverse_path, where), copy)
        return True
    found = directory.inbox_behind(mailbox) if where in above else directory.look_up(mailbox)
    match found:
        case Inbox(name):
            _put(name, copy, result)
        case Alias(addresses):
            sent = replace(copy, reverse_path=directory.alias_sender(copy.reverse_path))
            copies = _through_alias(sent, directory.reached(addresses), result)
            return _go_on(directory, copies, above | {where}, result)
        case MailingList() as the_list:
            owner = directory.list_sender(copy.reverse_path, the_list.owner)
            copies = _through_list(copy, directory.reached(the_list.members), owner, result)
            return _go_on(directory, copies, above | {where}, result)
        case None if where in above:
            return False
        case None:
            result.lost.append(copy)  # whoever was behind it has gone
    return True


def _go_on(
    directory: Directory, copies: Iterable[Copy], above: frozenset[str], result: Expansion
) -> bool:
    has_come_to_something = False
    for copy in copies:
        address = copy.address if "@" in copy.address else f"{copy.address}@{directory.domain}"
        mailbox, whole = mailbox_of(address), replace(copy, address=address)
        if mailbox is None:
            result.lost.append(whole)
        elif not _expand(directory, mailbox, whole, above, result):
            continue
        has_come_to_something = True
    return has_come_to_something


def _put(name: str, copy: Copy, result: Expansion) -> None:
    # A recipient named twice, or under two names, gets one copy (RFC 5321 4.1.1.3 allows it).
    if name not in result.inboxes:
        result.inboxes[name] = copy
    if "SUCCESS" in notify(copy.rcpt_parameters):
        result.notices.append(Notice("delivered", copy.address, copy.rcpt_parameters))


def _through_alias(copy: Copy, addresses: Sequence[str], result: Expansion) -> Iterator[Copy]:
    if len(addresses) == 1:  # RFC 3461 5.2.7.2: all requests are passed on
        yield replace(copy, address=addresses[0])
        return
    if "SUCCESS" in notify(copy.rcpt_parameters):  # 5.2.7.3 (c)
        result.notices.append(Notice("expanded", copy.address, copy.rcpt_parameters))
    quiet = _without_success(copy.rcpt_parameters)
    for address in addresses:
        yield replace(copy, address=address, rcpt_parameters=quiet)


def _through_list(
    copy: Copy, members: Sequence[str], owner: str, result: Expansion
) -> Iterator[Copy]:
    if "SUCCESS" in notify(copy.rcpt_parameters):  # 5.2.7.1: this is final delivery
        result.notices.append(Notice("delivered", copy.address, copy.rcpt_parameters))
    kept = tuple(row for row in copy.mail_parameters if row[0] not in _DSN)
    for member in members:
        yield Copy(
            reverse_path=owner,
            mail_parameters=kept,
            address=member,
            rcpt_parameters=(),
        )


_DSN = frozenset({"RET", "ENVID"})


def notify(parameters: Parameters) -> frozenset[str]:
    """What NOTIFY asks for; nothing where it does not stand."""
    return frozenset(filter(None, (_value(parameters).get("NOTIFY") or "").upper().split(",")))


def _value(parameters: Parameters) -> Mapping[str, str | None]:
    return dict(parameters)


def _without_success(parameters: Parameters) -> Parameters:
    asked = notify(parameters)
    if "SUCCESS" not in asked:
        return parameters
    # Who wanted to hear of success alone wants to hear of nothing else.
    left = ",".join(sorted(asked - {"SUCCESS"})) or "NEVER"
    return tuple((name, left if name == "NOTIFY" else value) for name, value in parameters)


def mailbox_of(address: str) -> Mailbox | None:
    """The mailbox that an address without brackets names; None if it is no address."""
    path = read_forward_path(f"<{address}>".encode(), utf8=True)
    return None if isinstance(path, Objection) else path.mailbox
