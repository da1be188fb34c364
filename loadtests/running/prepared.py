"""A target and a profile handed to the generator as they are, by a file that only we can read.

The command line has read and changed both; to say all of that again in words would lose something.
"""

from __future__ import annotations

import pickle
from pathlib import Path

from harness.target import Target
from loadtests.profile import Profile


def hand_over(path: Path, target: Target, profile: Profile) -> None:
    """Write both for `take_over`; the file must be in a directory of our own."""
    path.touch(mode=0o600)
    path.write_bytes(pickle.dumps((target, profile)))


def met(path: Path) -> None:
    """Say so to whoever handed these over: a master has answered the worker that took them."""
    _note(path).touch()


def has_met(path: Path) -> bool:
    """Whether a worker has said that its master answered."""
    return _note(path).exists()


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}-met")


def take_over(path: Path) -> tuple[Target, Profile]:
    """What was handed over."""
    target, profile = pickle.loads(path.read_bytes())
    assert isinstance(target, Target)
    assert isinstance(profile, Profile)
    return target, profile
