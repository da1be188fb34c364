"""Offers: what a target says of itself in answer to EHLO, in the clear and inside TLS.

One connection per listener and run finds out, so that no case has to wonder.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.protocol.replies import Capabilities, number

_NOTHING = Capabilities("")


@dataclass(frozen=True, slots=True)
class Offer:
    """What one listener offers."""

    greeting: str = ""
    plain: Capabilities = _NOTHING
    secure: Capabilities | None = None  # None if there is no TLS, or no getting into it
    is_secure: bool = False  # TLS came before the greeting

    def has(self, keyword: str, *, within_tls: bool) -> bool:
        """Whether the keyword is offered, for a case that goes into TLS or does not."""
        if keyword in self.plain:
            return True
        return within_tls and self.secure is not None and keyword in self.secure

    @property
    def over_size(self) -> int | None:
        """One octet more than the fixed maximum; None where there is none (RFC 1870 4: SIZE 0)."""
        for parameter in (self.secure or self.plain).keywords.get("SIZE", ()):
            if size := number(parameter):
                return size + 1
        return None

    @property
    def rcpt_max(self) -> int | None:
        """How many RCPT commands a transaction may have (RFC 9422 4.2); None where nobody says."""
        for parameter in (self.secure or self.plain).keywords.get("LIMITS", ()):
            name, _, value = parameter.partition("=")
            if name.upper() == "RCPTMAX":
                return number(value)
        return None

    @property
    def domain(self) -> str:
        """What the target calls itself."""
        return (self.secure or self.plain).domain or self.plain.domain
