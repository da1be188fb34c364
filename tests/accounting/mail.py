"""A run's mail of our own: tokens that are easy to read, contents that are easy to spoil."""

from __future__ import annotations

import re

from harness.accounting import Sent

ALICE, BOB, CAROL, DAVE = (f"{it}@example.test" for it in ("alice", "bob", "carol", "dave"))
SEED = 7


class OurMail:
    """Message n of any sender goes to the same recipients."""

    def __init__(self, *recipients: str) -> None:
        self._recipients = recipients or (ALICE,)

    def token(self, sender: int, serial: int) -> str:
        return f"load-{SEED:08x}-{sender:08d}-{serial:09d}-5eed5eed"

    def sent(self, token: str) -> Sent | None:
        match = re.fullmatch(r"load-00000007-(\d{8})-(\d{9})-5eed5eed", token)
        if match is None:
            return None
        return Sent(
            sender=int(match[1]),
            serial=int(match[2]),
            content=content(token),
            recipients=self._recipients,
        )


def content(token: str) -> bytes:
    return (
        "From: <us@client.example.test>\r\n"
        f"To: <{ALICE}>\r\n"
        f"Subject: {token}\r\n"
        f"Message-ID: <{token}@client.example.test>\r\n"
        "\r\n"
        "so it is in the post\r\n.and a dot\r\n"
    ).encode()


def report(*about: str, action: str = "failed", recipients: tuple[str, ...] = (ALICE,)) -> bytes:
    """A delivery status notification as RFC 3464 has it."""
    groups = "".join(
        f"\r\nFinal-Recipient: rfc822; {it}\r\nAction: {action}\r\nStatus: 5.1.1\r\n"
        for it in recipients
    )
    originals = b"".join(map(content, about)).decode()
    return (
        "From: MAILER-DAEMON@example.test\r\n"
        f"References: <{about[0]}@client.example.test>\r\n"
        "Subject: Undelivered Mail\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n"
        "\r\n--b\r\n\r\nNo.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; example.test\r\n{groups}"
        f"\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{originals}\r\n--b--\r\n"
    ).encode()
