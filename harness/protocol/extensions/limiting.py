"""What the session is limited to, said beforehand (RFC 9422)."""

from __future__ import annotations

from harness.protocol.extensions.model import Extension, Facts

_MOST = 999_999  # a limit has six digits at most: RFC 9422 4


def _limits(facts: Facts) -> str:
    known = {
        "MAILMAX": facts.limits.mails,
        "RCPTMAX": facts.limits.recipients,
        "RCPTDOMAINMAX": facts.limits.domains,
    }
    return " ".join(
        f"{name}={min(limit, _MOST)}" for name, limit in known.items() if limit is not None
    )


LIMITS = Extension(keyword="LIMITS", rfc=9422, parameter=_limits)
