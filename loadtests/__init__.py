"""Load: Locust users that step the sending flows of `harness.protocol`.

`from loadtests import SmtpUser` is for locustfiles; the name is looked up when it is asked for, so
that who only reads profiles imports neither Locust nor gevent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loadtests.smtp_user import SmtpUser

__all__ = ["SmtpUser"]


def __getattr__(name: str) -> Any:
    if name == "SmtpUser":
        from loadtests.smtp_user import SmtpUser

        return SmtpUser
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
