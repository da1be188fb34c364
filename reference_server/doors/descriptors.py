"""Descriptors: each connection is one, and most systems' soft limit is far below the hard one."""

from __future__ import annotations

import contextlib
import resource


def raise_limit() -> int:
    """Take as many descriptors as the hard limit allows; how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Some systems call the hard limit infinite and refuse what is beyond a limit of the kernel.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return hard
    return soft
