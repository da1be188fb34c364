"""Refusals are answers: each is counted by stage and code, and nobody storms a server with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.cli.serving import serving
from harness.load_results import LoadResult, read
from tests.loadtests.servers import aiosmtpd

pytestmark = pytest.mark.slow

USERS = 3
PROFILE = "about: for tests\nusers: 3\nduration: 1500ms\nthresholds: [failures < 100%]\n{more}\n"
STORM = 60  # tries of three users in 1.5 s; without pauses there would be thousands

# what a server does -> what is counted; each try fails in the same way
FAULTS = {
    "{at: MAIL, reply: 451 4.7.1 slow down}": ("MAIL", "451 4.7.1"),
    "{at: RCPT, reply: 450 4.2.1 full of mail}": ("RCPT", "450 4.2.1"),
    "{at: ., reply: 452 4.3.1 no room}": ("dot", "452 4.3.1"),
    "{at: greeting, reply: 421 4.3.2 busy}": ("greeting", "421 4.3.2"),
    "{at: EHLO, reply: 421 4.7.0 too many}": ("hello", "421 4.7.0"),
    "{at: connect, drop: close}": ("greeting", "closed"),
    "{at: ., drop: close}": ("dot", "closed"),
    "{at: MAIL, silent: yes}": ("MAIL", "silent"),
}


@pytest.fixture
def loaded(invoke: Any, tmp_path: Path) -> Any:
    def loaded(address: str, *words: object, more: str = "pipelining: off") -> LoadResult:
        profile, result = tmp_path / "short.yaml", tmp_path / "result.json"
        profile.write_text(PROFILE.format(more=more))
        command = ("load", address, "-p", profile, "--json", result, "--timeout", "500ms")
        loaded.done = invoke(*command, *words)  # type: ignore[attr-defined]
        return read(result)

    return loaded


def kinds(found: LoadResult) -> set[tuple[str, str]]:
    return {(trouble.stage, trouble.what) for trouble in found.troubles}


@pytest.mark.parametrize(("fault", "kind"), FAULTS.items(), ids=FAULTS)
def test_who_is_refused_says_where_and_how_and_waits(
    loaded: Any, tmp_path: Path, fault: str, kind: tuple[str, str]
):
    (tmp_path / "faults.yaml").write_text(fault)
    words = ["--port", "0", "--discard", "--user", "bob", "--domain", "example.test"]
    with serving([*words, "--faults", str(tmp_path / "faults.yaml")], tmp_path / "err") as (at,):
        found = loaded(at, "--to", "bob@example.test")

    assert kinds(found) == {kind}
    assert USERS <= found.failures < STORM
    assert found.messages.accepted == 0
    ended = found.messages.refused + found.messages.unanswered
    assert ended == found.messages.begun


def test_a_rate_limit_is_met_and_obeyed(loaded: Any, tmp_path: Path):
    (tmp_path / "faults.yaml").write_text("{at: MAIL, rate: 20/s, reply: 451 4.7.1 slow down}")
    words = ["--port", "0", "--discard", "--user", "bob", "--domain", "example.test"]
    with serving([*words, "--faults", str(tmp_path / "faults.yaml")], tmp_path / "err") as (at,):
        found = loaded(at, "--to", "bob@example.test")

    assert kinds(found) == {("MAIL", "451 4.7.1")}
    assert found.messages.accepted >= 20
    assert found.failures < STORM


def test_a_certificate_that_nobody_vouches_for_is_trouble_of_tls(loaded: Any, tmp_path: Path):
    words = ["--port", "0", "--discard", "--user", "bob", "--tls-self-signed"]
    with serving([*words, "--domain", "example.test"], tmp_path / "err") as (at,):
        found = loaded(at, "--to", "bob@example.test", more="tls: starttls")
        trusting = loaded(at, "--to", "bob@example.test", "--insecure", more="tls: starttls")

    (stage, what), *others = kinds(found)
    assert (stage, others) == ("TLS", [])
    assert "certificate" in what
    assert USERS <= found.failures < STORM
    assert (trusting.failures, trusting.messages.accepted > 0) == (0, True)


def test_a_server_without_starttls_gets_no_mail_in_the_clear(loaded: Any):
    with aiosmtpd() as (address, taker):
        found = loaded(address, more="tls: starttls")

    assert {stage for stage, _ in kinds(found)} == {"STARTTLS"}
    assert taker.taken == []
    assert found.failures < STORM
