"""A run's mail sent by a few lines of our own, which note receipts as a load generator does."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from harness.accounting import Receipts, Sent
from harness.load_results import Stage
from harness.protocol.replies import Capabilities
from harness.target import Target
from loadtests.mail import Mail
from loadtests.profile import Behaviour, Profile, Span

BULK = "bulk"


def profile_of(target: Target, *, recipients: int = 1, seed: int = 5) -> Profile:
    sender = Behaviour(name=BULK, size=Span(600, 900), recipients=Span(recipients, recipients))
    stage = Stage(name="", begin=0, end=1, users=(1, 1))
    return Profile(name="p", about="", stages=(stage,), behaviours=(sender,), seed=seed)


@dataclass
class Generator:
    """Sends letters and says what was accepted."""

    target: Target
    profile: Profile
    receipts: Receipts = field(default_factory=Receipts)

    def __post_init__(self) -> None:
        self.mail = Mail(self.profile, self.target)

    def content(self, serial: int, sender: int = 3) -> bytes:
        return self._sent(sender, serial).content

    def recipients(self, serial: int, sender: int = 3) -> tuple[str, ...]:
        return self._sent(sender, serial).recipients

    def _sent(self, sender: int, serial: int) -> Sent:
        sent = self.mail.sent(self.mail.token(sender, serial))
        assert sent is not None
        return sent

    def send(
        self, port: int, serials: Iterable[int], sender: int = 3, *, lmtp: bool = False
    ) -> None:
        """Send these over one connection, as the letters that the load sends."""
        behaviour = self.profile.behaviours[0]
        meet = smtplib.LMTP if lmtp else smtplib.SMTP
        with meet("127.0.0.1", port, timeout=30) as client:
            client.ehlo()
            letters = self.mail.messages(behaviour, sender, serials, Capabilities("x.test"))
            for letter in letters:
                assert client.docmd("MAIL", f"FROM:<{self.target.sender}>")[0] == 250
                whom = self.recipients(letter.serial, sender)
                codes = [client.docmd("RCPT", f"TO:<{it}>")[0] for it in whom]
                taken = sum(1 << number for number, code in enumerate(codes) if code == 250)
                assert client.docmd("DATA")[0] == 354
                client.send(letter.octets)
                dot = time.time()
                if client.getreply()[0] == 250:
                    self.receipts.accept(sender, letter.serial, taken, dot)

    def write(self, path: Path) -> Path:
        """The receipts as a file."""
        with path.open("a", encoding="utf-8") as file:
            file.write(self.receipts.line(0.0) + "\n")
        return path
