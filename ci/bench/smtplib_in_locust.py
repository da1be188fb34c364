"""What most people write first: smtplib in a Locust user, on a connection that stays.

Sends MESSAGES messages of OCTETS octets, and writes to RESULT what it took from the first to the
last: seconds, and seconds of processor time.
"""

from __future__ import annotations

import os
import smtplib
import time
from pathlib import Path
from typing import Any

import gevent
from locust import User, events, task
from locust.env import Environment
from locust.exception import StopUser

LEFT = [int(os.environ["MESSAGES"])]
MOMENTS: list[tuple[float, float]] = []  # the first and the last, and our processor time then
OCTETS = int(os.environ["OCTETS"])
GONE: list[User] = []
PEOPLE = ("sender@client.example.test", ["alice@example.test"])


class Sender(User):
    """One connection."""

    def on_start(self) -> None:
        """Connect once."""
        assert self.host is not None, "the port stands where a host would"
        self._client = smtplib.SMTP("127.0.0.1", int(self.host))
        head = "From: <sender@client.example.test>\r\nTo: <alice@example.test>\r\n\r\n"
        self._message = head + ("X" * 62 + "\r\n") * ((OCTETS - len(head)) // 64)

    @task
    def send(self) -> None:
        """One message, and one event of Locust's for it."""
        if not LEFT[0]:
            raise StopUser
        LEFT[0] -= 1
        begun = time.perf_counter()
        if not MOMENTS:
            MOMENTS.append((begun, time.process_time()))
        self._client.sendmail(*PEOPLE, self._message)
        ended = time.perf_counter()
        MOMENTS[1:] = [(ended, time.process_time())]
        self.environment.events.request.fire(
            request_type="SMTP",
            name="message",
            response_time=(ended - begun) * 1_000,
            response_length=len(self._message),
            exception=None,
            context={},
        )

    def on_stop(self) -> None:
        """The last one puts out the light."""
        self._client.close()
        runner = self.environment.runner
        assert runner is not None, "a user is run by somebody"
        GONE.append(self)
        if len(GONE) == runner.target_user_count:
            gevent.spawn(runner.quit)


@events.quit.add_listener  # type: ignore[untyped-decorator]  # Locust's is
def _tell(exit_code: int, **_: Any) -> None:
    (begun, spent), (ended, spent_then) = MOMENTS
    Path(os.environ["RESULT"]).write_text(f"{ended - begun} {spent_then - spent}")


@events.init.add_listener  # type: ignore[untyped-decorator]  # Locust's is
def _be_quiet(environment: Environment, **_: Any) -> None:
    environment.process_exit_code = 0
