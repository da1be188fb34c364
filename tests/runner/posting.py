"""A peer that delivers into real Maildirs on virtual time, and cases that look there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import trio

from harness.runner.play import play
from harness.runner.settings import Settings
from harness.target import Target
from tests.runner.stages import ADDRESS, PATIENT, Peer, staged

RECEIVED = b"Received: from client.example.test\r\n\tby peer.test with ESMTP id 1; today\r\n"


class Postman(Peer):
    """Delivers each message to those who were named, some time after it was taken."""

    def __init__(self, directory: Path, **answers) -> None:
        super().__init__(**answers)
        self.directory = directory
        self.delay = 0.0
        self.copies = 1
        self.deliver = lambda text: RECEIVED + text
        self.lost: set[str] = set()  # users whose mail does not arrive
        self._count = 0
        self.on_text = self._take
        for user in ("alice", "bob"):
            for part in ("new", "cur", "tmp"):
                (directory / user / part).mkdir(parents=True)

    def _take(self, text: bytes, said: list[bytes]) -> None:
        last = max(at for at, line in enumerate(said) if line.startswith(b"MAIL"))
        for line in said[last:]:
            if line.startswith(b"RCPT TO:<"):
                user = line[9:].partition(b"@")[0].decode()
                trio.lowlevel.spawn_system_task(self._deliver_later, user, text, self.delay)

    async def _deliver_later(self, user: str, text: bytes, delay: float) -> None:
        await trio.sleep(delay)
        if user in self.lost:
            return
        for _ in range(self.copies):
            self._count += 1
            (self.directory / user / "new" / str(self._count)).write_bytes(self.deliver(text))


def target_of(postman: Postman) -> Target:
    return Target(
        address=ADDRESS,
        recipients=("alice@peer.test", "bob@peer.test"),
        timeouts=replace(PATIENT, delivery=30.0),
        delivery={"": f"maildir:{postman.directory}"},
    )


def mail_of(case, postman: Postman, **settings):
    return staged(postman, target_of(postman), Settings(**settings))


async def result_of(case, postman: Postman):
    async with mail_of(case, postman) as stage:
        return await play(case, stage)


SEND = "C: Subject: {token}\nC:\nC: ..one dot\nC: .\nS: 250"
BODY = 'delivered: {body: ".one dot\\n"}'


def undotted(text: bytes) -> bytes:
    return RECEIVED + text.replace(b"\r\n.", b"\r\n")
