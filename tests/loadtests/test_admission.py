from __future__ import annotations

from dataclasses import replace

import pytest

from harness.errors import UsageError
from harness.target import Target, read_address, read_target
from loadtests.admission import admit, recipients_of
from loadtests.profile import Profile, Span, read_profile

HERE = Target(address=read_address("smtp://127.0.0.1:2525"))


@pytest.fixture(scope="module")
def smoke() -> Profile:
    return read_profile("smoke")


def to_so_many(profile: Profile, recipients: int) -> Profile:
    (sender,) = profile.behaviours
    wanted = replace(sender, recipients=Span(recipients, recipients))
    return replace(profile, behaviours=(wanted,))


@pytest.mark.parametrize("word", ["127.0.0.1:25", "localhost", "[::1]:2525", "127.9.9.9"])
def test_loopback_may_be_loaded(smoke: Profile, word: str):
    admit(read_target(word), smoke)


@pytest.mark.parametrize("word", ["mx.example.test", "192.0.2.1:25", "10.0.0.1", "[2001:db8::1]"])
def test_other_hosts_are_refused_unless_they_are_said_to_be_ours(smoke: Profile, word: str):
    target = read_target(word)
    with pytest.raises(UsageError, match="say so with --mine"):
        admit(target, smoke)

    admit(replace(target, mine=(target.address.host,)), smoke)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("smtps://localhost", "TLS"),
        ("submissions://localhost", "TLS"),
        ("lmtp://localhost", "LMTP"),
    ],
)
def test_what_load_cannot_speak_yet_is_said_before_the_run(smoke: Profile, word: str, reason: str):
    with pytest.raises(UsageError, match=reason):
        admit(read_target(word), smoke)


def test_a_target_that_demands_more_than_load_can_is_refused(smoke: Profile):
    with pytest.raises(UsageError, match="demands auth and tls"):
        admit(replace(HERE, always=frozenset({"tls", "auth"})), smoke)


def test_messages_go_to_the_recipients_of_the_target(smoke: Profile):
    target = replace(HERE, recipients=("a@x.test", "b@x.test"), many="user{n}@x.test")

    assert recipients_of(target, smoke) == ("a@x.test", "b@x.test")


def test_many_recipients_are_made_where_the_target_says_how(smoke: Profile):
    target = replace(HERE, recipients=("a@x.test",), many="user{n}@x.test")

    assert recipients_of(target, to_so_many(smoke, 2))[:2] == (
        "user1@x.test",
        "user2@x.test",
    )
    assert len(recipients_of(target, to_so_many(smoke, 300))) == 300


def test_a_profile_that_wants_more_recipients_than_there_are_is_refused(smoke: Profile):
    with pytest.raises(UsageError, match="wants 2 recipients a message, and the target names 1"):
        admit(HERE, to_so_many(smoke, 2))
