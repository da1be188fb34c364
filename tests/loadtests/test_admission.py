from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.target import Login, Secret, Target, read_address, read_target
from loadtests.admission import admit, recipients_of
from loadtests.profile import Behaviour, Leave, Profile, Span, Tls, Whom, read_profile

HERE = Target(address=read_address("smtp://127.0.0.1:2525"))
WHOLE = replace(
    HERE,
    listeners={"submission": read_address("127.0.0.1:587"), "smtps": read_address("smtps://[::1]")},
    unknown_recipient="nobody@x.test",
    login=Login("alice", Secret(text="wonderland")),
)


@pytest.fixture(scope="module")
def smoke() -> Profile:
    return read_profile("smoke")


def wanting(name: str = "", **manners: Any) -> Profile:
    """A profile of one behaviour."""
    return replace(read_profile("smoke"), behaviours=(Behaviour(name=name, **manners),))


def to_so_many(recipients: int) -> Profile:
    return wanting(recipients=Span(recipients, recipients))


@pytest.mark.parametrize("word", ["127.0.0.1:25", "localhost", "[::1]:2525", "lmtp://127.9.9.9",
                                  "smtps://localhost", "submissions://localhost"])  # fmt: skip
def test_loopback_may_be_loaded(smoke: Profile, word: str):
    admit(read_target(word), smoke)


@pytest.mark.parametrize("word", ["mx.example.test", "192.0.2.1:25", "10.0.0.1", "[2001:db8::1]"])
def test_other_hosts_are_refused_unless_they_are_said_to_be_ours(smoke: Profile, word: str):
    target = read_target(word)
    with pytest.raises(UsageError, match="say so with --mine"):
        admit(target, smoke)

    admit(replace(target, mine=(target.address.host,)), smoke)


def test_only_who_has_a_target_file_is_told_what_to_write_there(smoke: Profile, tmp_path: Path):
    file = tmp_path / "target.yaml"
    file.write_text("address: mx.example.test\n")
    said = {}
    for word in (str(file), "smtp://mx.example.test"):
        with pytest.raises(UsageError) as caught:
            admit(read_target(word), smoke)
        said[word] = str(caught.value).partition("if it is, ")[2]

    assert said == {
        str(file): f"say so with --mine mx.example.test, or under `mine:` in {file}",
        "smtp://mx.example.test": "say so with --mine mx.example.test",
    }


def test_a_listener_elsewhere_is_no_way_around():
    target = replace(HERE, listeners={"submission": read_address("mx.example.test:587")})

    admit(target, wanting())
    with pytest.raises(UsageError, match=r"mx.example.test is not on loopback"):
        admit(target, wanting(listener="submission"))


# what a behaviour does -> what is said where the target lacks it
NEEDS: dict[str, tuple[dict[str, Any], str]] = {
    "a listener": (
        {"listener": "submission"},
        "profile 'smoke', behaviour 'x': it connects to the listener 'submission', and the target "
        "has none: name it in the target file, `listeners: {submission: HOST:PORT}`",
    ),
    "a login": (
        {"login": True},
        "profile 'smoke', behaviour 'x': it logs in, and the target has no login: give one with "
        "--login, or `login:` in the target file",
    ),
    "somebody unknown": (
        {"to": Whom.UNKNOWN},
        "profile 'smoke', behaviour 'x': it writes to a mailbox that does not exist, and the "
        "target names none: give one with --unknown, or `unknown_recipient:` in the target file",
    ),
}


@pytest.mark.parametrize(("manners", "words"), NEEDS.values(), ids=NEEDS)
def test_what_a_behaviour_needs_the_target_must_have(manners: dict[str, Any], words: str):
    with pytest.raises(UsageError) as caught:
        admit(HERE, wanting("x", **manners))

    assert str(caught.value) == words
    admit(WHOLE, wanting("x", **manners))


def test_all_that_is_missing_is_said_at_once():
    with pytest.raises(UsageError) as caught:
        admit(HERE, wanting(login=True, to=Whom.UNKNOWN))

    assert [line.partition(",")[0] for line in str(caught.value).splitlines()] == [
        "profile 'smoke': it logs in",
        "profile 'smoke': it writes to a mailbox that does not exist",
    ]


def test_starttls_inside_tls_is_refused():
    with pytest.raises(UsageError, match=r"wants STARTTLS, and smtps://\[::1\]:465 is inside TLS"):
        admit(WHOLE, wanting(listener="smtps", tls=Tls.STARTTLS))


DEMANDING = replace(WHOLE, always=frozenset({"tls", "auth"}))


def test_a_target_that_demands_more_than_it_gets_says_what_to_write():
    with pytest.raises(UsageError) as caught:
        admit(DEMANDING, wanting())

    assert str(caught.value) == (
        "profile 'smoke': smtp://127.0.0.1:2525 demands TLS, and this goes without: "
        "say `tls: starttls`\n"
        "profile 'smoke': smtp://127.0.0.1:2525 demands AUTH, and this does not log in: "
        "say `login: yes`"
    )


@pytest.mark.parametrize(
    "manners",
    [
        {"tls": Tls.STARTTLS, "login": True},
        {"tls": Tls.IMPLICIT, "login": True},
        {"listener": "smtps", "login": True},
        {"leave": Leave.HELLO},
    ],
    ids=str,
)
def test_who_gives_what_is_demanded_or_sends_nothing_is_admitted(manners: dict[str, Any]):
    admit(DEMANDING, wanting(**manners))


def test_messages_go_to_the_recipients_of_the_target(smoke: Profile):
    target = replace(HERE, recipients=("a@x.test", "b@x.test"), many="user{n}@x.test")

    assert recipients_of(target, smoke) == ("a@x.test", "b@x.test")


def test_many_recipients_are_made_where_the_target_says_how():
    target = replace(HERE, recipients=("a@x.test",), many="user{n}@x.test")

    assert recipients_of(target, to_so_many(2))[:2] == ("user1@x.test", "user2@x.test")
    assert len(recipients_of(target, to_so_many(300))) == 300


def test_a_profile_that_wants_more_recipients_than_there_are_is_refused():
    with pytest.raises(UsageError, match="wants 2 recipients a message, and the target names 1"):
        admit(HERE, to_so_many(2))


def test_mailboxes_of_the_profile_are_as_many_as_it_needs():
    two = ("a@x.test", "b@x.test")

    admit(HERE, wanting(recipients=Span(1, 2), mailboxes=two))
    with pytest.raises(UsageError, match="wants 3 recipients a message of 2 `mailboxes`"):
        admit(HERE, wanting(recipients=Span(1, 3), mailboxes=two))


def test_nobody_but_the_unknown_one_is_needed_by_who_writes_to_nobody():
    admit(WHOLE, wanting(to=Whom.UNKNOWN, recipients=Span(5, 5)))
