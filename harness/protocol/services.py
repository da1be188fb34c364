"""Services: the three kinds of talk that a receiving end may be there for."""

from __future__ import annotations

from enum import StrEnum


class Service(StrEnum):
    """What a listener is for."""

    SMTP = "smtp"  # mail from other hosts: RFC 5321
    SUBMISSION = "submission"  # mail from users who log in: RFC 6409
    LMTP = "lmtp"  # mail for final delivery, one reply for each recipient: RFC 2033
