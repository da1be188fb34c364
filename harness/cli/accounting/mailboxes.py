"""Where the mail of a run goes, and where its bounces go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.target import Target

if TYPE_CHECKING:
    from loadtests.profile import Profile


def mailboxes(profile: Profile, target: Target) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The recipients of a run's messages, and their senders."""
    from loadtests.mail.pools import mailboxes_of

    to: dict[str, None] = {}
    back: dict[str, None] = {}
    for behaviour in profile.behaviours:
        to |= dict.fromkeys(mailboxes_of(target, profile, behaviour))
        back |= dict.fromkeys(filter(None, behaviour.senders or (target.sender,)))
    return tuple(to), tuple(back)
