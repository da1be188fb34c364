"""Whether a profile may be run against a target, and can be.

Asked by the command line before it starts anything, and again by the process that makes the load:
a load tool must not become a weapon because somebody called its parts in another way.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.errors import UsageError
from harness.target import Address, Target, is_file_name
from loadtests.profile import Behaviour, Leave, Profile, Tls, Whom

POOL = 100  # recipients made of `many`, or more if one message needs more


def admit(target: Target, profile: Profile) -> None:
    """Raises UsageError, with what would help, unless the load may and can be run."""
    addresses = dict.fromkeys(_addresses(target, profile))
    for address in addresses:
        if not target.owns(address):
            raise UsageError(
                f"{address.host} is not on loopback, and load is only for servers that are yours: "
                f"if it is, say so with --mine {address.host}{_in_file(target)}"
            )
    lacking = dict.fromkeys(
        f"profile '{profile.name}'{_who(behaviour)} {words}"
        for behaviour in profile.behaviours
        for words in _lacking(target, profile, behaviour)
    )
    if lacking:
        raise UsageError("\n".join(lacking))


def recipients_of(target: Target, profile: Profile) -> tuple[str, ...]:
    """The mailboxes that messages go to, where a behaviour names none."""
    most = most_recipients(profile)
    if most <= len(target.recipients) or target.many is None:
        return target.recipients
    return tuple(
        target.many.replace("{n}", str(number)) for number in range(1, max(POOL, most) + 1)
    )


def most_recipients(profile: Profile) -> int:
    """How many recipients of the target's a message of the profile has at most."""
    wanted = [each.recipients.most for each in profile.behaviours if _uses_recipients(each)]
    return int(max(wanted, default=1))


def _addresses(target: Target, profile: Profile) -> Iterator[Address]:
    """All that would be connected to; the target's own in any case."""
    yield target.address
    for behaviour in profile.behaviours:
        address = target.listener(behaviour.listener)
        if address is not None:
            yield address


def _in_file(target: Target) -> str:
    """Where it may be said as well, if the target has a file."""
    return "".join(f", or under `mine:` in {it}" for it in target.arguments[:1] if is_file_name(it))


def _who(behaviour: Behaviour) -> str:
    return f", behaviour '{behaviour.name}':" if behaviour.name else ":"


def _lacking(target: Target, profile: Profile, behaviour: Behaviour) -> Iterator[str]:
    """What a behaviour needs and the target does not have, or demands and does not get."""
    address = target.listener(behaviour.listener)
    if address is None:
        yield (
            f"it connects to the listener '{behaviour.listener}', and the target has none: "
            f"name it in the target file, `listeners: {{{behaviour.listener}: HOST:PORT}}`"
        )
    else:
        yield from _lacking_in_safety(target, behaviour, address)
    if behaviour.login and target.login is None:
        yield (
            "it logs in, and the target has no login: give one with --login, or `login:` in the "
            "target file"
        )
    if behaviour.to is Whom.UNKNOWN and target.unknown_recipient is None:
        yield (
            "it writes to a mailbox that does not exist, and the target names none: give one with "
            "--unknown, or `unknown_recipient:` in the target file"
        )
    yield from _lacking_recipients(target, profile, behaviour)


def _lacking_in_safety(target: Target, behaviour: Behaviour, address: Address) -> Iterator[str]:
    is_inside = address.scheme.has_implicit_tls
    if is_inside and behaviour.tls is Tls.STARTTLS:
        yield f"it wants STARTTLS, and {address} is inside TLS from the first octet"
    if behaviour.leave not in (Leave.NEVER, Leave.RECIPIENT):
        return  # who sends nothing is asked for nothing
    if "tls" in target.always and behaviour.tls is Tls.NONE and not is_inside:
        yield f"{target} demands TLS, and this goes without: say `tls: starttls`"
    if "auth" in target.always and not behaviour.login:
        yield f"{target} demands AUTH, and this does not log in: say `login: yes`"


def _lacking_recipients(target: Target, profile: Profile, behaviour: Behaviour) -> Iterator[str]:
    most = int(behaviour.recipients.most)
    if behaviour.mailboxes and most > len(behaviour.mailboxes):
        yield f"it wants {most} recipients a message of {len(behaviour.mailboxes)} `mailboxes`"
    if _uses_recipients(behaviour) and most > len(recipients_of(target, profile)):
        yield (
            f"it wants {most} recipients a message, and the target names "
            f"{len(target.recipients)}: give more with --to, or `many:` in the target file"
        )


def _uses_recipients(behaviour: Behaviour) -> bool:
    return behaviour.to is Whom.OURS and not behaviour.mailboxes
