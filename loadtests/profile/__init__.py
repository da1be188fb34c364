"""Profiles: what a load run does, in YAML that a postmaster can read.

A profile says nothing about where: that is the target's business.  Nothing here imports Locust,
so that the command line can read, list and lint profiles.
"""

from loadtests.profile.reading import read_profile, shipped
from loadtests.profile.values import (
    Behaviour,
    Leave,
    Pipelining,
    Profile,
    Span,
    Tls,
    Whom,
)

__all__ = [
    "Behaviour",
    "Leave",
    "Pipelining",
    "Profile",
    "Span",
    "Tls",
    "Whom",
    "read_profile",
    "shipped",
]
