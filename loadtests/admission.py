"""Whether a profile may be run against a target, and can be.

Asked by the command line before it starts anything, and again by the process that makes the load:
a load tool must not become a weapon because somebody called its parts in another way.
"""

from __future__ import annotations

from harness.errors import UsageError
from harness.target import Scheme, Target
from loadtests.profile import Profile

POOL = 100  # recipients made of `many`, or more if one message needs more


def admit(target: Target, profile: Profile) -> None:
    """Raises UsageError, with what would help, unless the load may and can be run."""
    if not target.owns(target.address):
        host = target.address.host
        raise UsageError(
            f"{host} is not on loopback, and load is only for servers that are yours: if it is, "
            f"say so with --mine {host}, or under `mine:` in the target file"
        )
    address = target.address
    if address.scheme is Scheme.LMTP:
        raise UsageError("load speaks SMTP, and LMTP not yet")
    if address.scheme.has_implicit_tls or target.always:
        wanted = "TLS" if address.scheme.has_implicit_tls else " and ".join(sorted(target.always))
        raise UsageError(f"{target} demands {wanted}, and load neither does TLS nor logs in yet")
    pool, most = recipients_of(target, profile), most_recipients(profile)
    if most > len(pool):
        raise UsageError(
            f"profile '{profile.name}' wants {most} recipients a message, and the "
            f"target names {len(pool)}: give more with --to, or `many:` in the target file"
        )


def recipients_of(target: Target, profile: Profile) -> tuple[str, ...]:
    """The mailboxes that messages go to."""
    if most_recipients(profile) <= len(target.recipients) or target.many is None:
        return target.recipients
    many = max(POOL, most_recipients(profile))
    return tuple(target.many.replace("{n}", str(number)) for number in range(1, many + 1))


def most_recipients(profile: Profile) -> int:
    """How many recipients a message of the profile has at most."""
    return int(max(behaviour.recipients.most for behaviour in profile.behaviours))
