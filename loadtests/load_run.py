"""What all senders of a process share: target, profile, the mail to send, the counts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from harness import __version__
from harness.load_results import LoadResult
from harness.target import Target
from loadtests.admission import admit, recipients_of
from loadtests.messages import Mail, make_envelopes
from loadtests.profile import Profile
from loadtests.recorder import Recorder


@dataclass(frozen=True, slots=True)
class LoadRun:
    """One run as seen by one process."""

    target: Target
    profile: Profile
    mail: Mail
    recorder: Recorder
    numbers: Iterator[int] = field(default_factory=itertools.count)  # of senders


def prepare(target: Target, profile: Profile, *, started: str, seed: int | None = None) -> LoadRun:
    """A run that may begin; raises UsageError if this profile may not be run on this target."""
    admit(target, profile)
    if seed is not None:
        profile = replace(profile, seed=seed)
    sender = profile.behaviours[0]
    pool = recipients_of(target, profile)
    blank = LoadResult(
        target=str(target),
        profile=profile.name,
        seed=profile.seed,
        users=profile.users,
        started=started,
        seconds=0.0,
        phases={},
        harness=__version__,
    )
    mail = Mail(
        profile.seed,
        size=int(sender.size.most),
        sender=target.sender,
        envelopes=make_envelopes(target.sender, pool, int(sender.recipients.most)),
        host=target.our_name,
    )
    return LoadRun(target, profile, mail, Recorder(blank, profile.thresholds))
