"""How the senders of a run wait, give up and leave, as its result tells of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.cli.serving import serving as reference
from harness.load_results import LoadResult
from tests.loadtests.servers import greeting_late, serving, silent, taking

pytestmark = pytest.mark.slow

PEOPLE = """\
about: people who think for a second
users: 3
think: 1s
pipelining: off
duration: 1500ms
thresholds: [failures < 100%]
"""
FEWER = """\
about: who leaves has a message to send, four seconds later
stages:
  - {for: 1s, users: 20, rate: 5/s}
  - {for: 5s, users: 1, rate: 5/s}
"""
MIXED = """\
about: some of it needs 8BITMIME
duration: 1s
contents: [plain.eml, eight.eml]
thresholds: [failures < 100%]
"""


@pytest.fixture
def loaded(load: Any, tmp_path: Path) -> Any:
    def loaded(
        profile: str, address: str, *, greeting: str = "5s", reply: str = "5s"
    ) -> LoadResult:
        timeouts = f"timeouts: {{greeting: {greeting}, reply: {reply}}}"
        (tmp_path / "target.yaml").write_text(
            f"address: {address}\nrecipients: [bob@example.test]\n{timeouts}\n"
        )
        done = load(tmp_path / "target.yaml", profile=profile)
        assert done.status in (0, 1, 3), done.said
        found: LoadResult = done.result
        return found

    return loaded


@pytest.mark.parametrize(
    "fault", ["{at: MAIL, reply: 451 4.7.1 slow down}", "{at: ., drop: close}"]
)
def test_who_thinks_between_messages_thinks_after_a_failure_too(
    loaded: Any, tmp_path: Path, fault: str
):
    (tmp_path / "faults.yaml").write_text(fault)
    words = ["--port", "0", "--discard", "--user", "bob", "--domain", "example.test"]
    with reference([*words, "--faults", str(tmp_path / "faults.yaml")], tmp_path / "err") as (at,):
        found = loaded(PEOPLE, at)

    assert 3 <= found.failures <= 6


def test_what_was_due_of_those_who_leave_is_sent_by_who_stays(loaded: Any):
    with serving(taking) as (address, _):
        found = loaded(FEWER, address)

    assert found.messages.due == 30
    assert (found.messages.unsent, found.messages.accepted) == (0, 30)
    assert found.messages.late < 15, "a busy machine is late now and then"


def test_a_message_that_a_server_cannot_take_harms_no_other(loaded: Any, tmp_path: Path):
    (tmp_path / "plain.eml").write_bytes(b"Subject: x\r\n\r\nhi\r\n")
    (tmp_path / "eight.eml").write_bytes(b"Subject: x\r\n\r\nh\xc3\xa4\r\n")
    with serving(taking) as (address, _):
        found = loaded(MIXED, address)

    assert [trouble.stage for trouble in found.troubles] == ["hello"]
    assert "8BITMIME" in found.troubles[0].what
    assert found.messages.accepted == found.messages.begun > 0


def test_a_greeting_may_take_longer_than_any_reply(loaded: Any):
    with serving(greeting_late) as (address, _):
        found = loaded("about: a\nduration: 2s\n", address, greeting="5s", reply="200ms")

    assert (found.failures, found.messages.accepted > 0) == (0, True)


def test_behind_the_greeting_patience_is_that_of_a_reply(loaded: Any):
    with serving(silent) as (address, _):
        found = loaded("about: a\nduration: 2s\n", address, greeting="5s", reply="200ms")

    assert [(it.stage, it.what) for it in found.troubles] == [("hello", "silent")]
    assert found.failures > 1
