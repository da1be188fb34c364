"""smtp-source's letters: what of target, profile and message each of them changes."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.target import Scheme
from loadtests.admission import admit
from loadtests.profile import Pipelining, Span
from loadtests.smtp_source import (
    MOST_NUMBERED,
    Letters,
    mailboxes,
    make_profile,
    make_target,
    message,
    notes,
)
from loadtests.thresholds import read_threshold

DATE = "Thu, 26 Nov 2026 19:19:01 +0000"
CONTENT = Path("content")
WHERE = "127.0.0.1:2525"


def letters(**said) -> Letters:
    return Letters(**{"where": WHERE, "name": "me.test", **said})


PLAIN_TARGET = make_target(letters())
PLAIN_PROFILE = make_profile(letters(), CONTENT)

# letter -> what it says, and what the target becomes
TARGETS = {
    "-f": ({"sender": "a@b.test"}, {"sender": "a@b.test"}),
    "-f ''": ({"sender": ""}, {"sender": ""}),
    "-M": ({"name": "you.test"}, {
        "our_name": "you.test", "sender": "foo@you.test", "recipients": ("foo@you.test",),
    }),
    "-t": ({"recipient": "joe"}, {"recipients": ("joe",)}),
    "-r": ({"recipients": 3}, {"recipients": ("3foo@me.test", "2foo@me.test", "foo@me.test")}),
    "-N": ({"numbered": True, "messages": 2}, {"recipients": ("1foo@me.test", "2foo@me.test")}),
}  # fmt: skip
# letter -> what it says, and what the profile becomes
PROFILES = {
    "-m": ({"messages": 7}, {"messages": 7}),
    "-A": (
        {"goes_on": True},
        {
            "thresholds": (read_threshold("failures <= 100%"),),
            "stop_when": (),
        },
    ),
}
# letter -> what it says, and what becomes of how a sender behaves
BEHAVIOURS = {
    "-d": ({"stays": True}, {"messages_per_connection": None}),
    "-f": ({"sender": "a@b.test"}, {"senders": ("a@b.test",)}),
    "-F": ({"file": Path("mail.eml")}, {"contents": (Path("mail.eml"),)}),
    "-R": ({"random": 3}, {"think": Span(0, 3)}),
    "-w": ({"wait": 2}, {"think": Span(2, 2)}),
    "-t": ({"recipient": "c@d.test"}, {"mailboxes": ("c@d.test",)}),
    "-r": ({"recipients": 2}, {
        "recipients": Span(2, 2), "mailboxes": ("2foo@me.test", "foo@me.test"),
    }),
    "-N -r": ({"numbered": True, "recipients": 2, "messages": 2}, {
        "recipients": Span(2, 2), "mailboxes": tuple(f"{n}foo@me.test" for n in range(1, 5)),
    }),
}  # fmt: skip


def changed(plain: object, other: object, *, but=()) -> dict[str, object]:
    """The fields in which two values differ."""
    names = [field.name for field in fields(plain) if field.name not in but]  # type: ignore[arg-type]
    return {
        name: getattr(other, name) for name in names if getattr(plain, name) != getattr(other, name)
    }


@pytest.mark.parametrize(("said", "becomes"), TARGETS.values(), ids=TARGETS)
def test_a_letter_changes_so_much_of_the_target(said, becomes):
    assert changed(PLAIN_TARGET, make_target(letters(**said))) == becomes


@pytest.mark.parametrize(("said", "becomes"), PROFILES.values(), ids=PROFILES)
def test_a_letter_changes_so_much_of_the_profile(said, becomes):
    assert changed(PLAIN_PROFILE, make_profile(letters(**said), CONTENT)) == becomes


@pytest.mark.parametrize(("said", "becomes"), BEHAVIOURS.values(), ids=BEHAVIOURS)
def test_a_letter_changes_so_much_of_the_behaviour(said, becomes):
    plain, other = PLAIN_PROFILE, make_profile(letters(**said), CONTENT)

    assert changed(plain.behaviours[0], other.behaviours[0]) == becomes


def test_sessions_are_users():
    assert make_profile(letters(sessions=50), CONTENT).users == 50


def test_without_letters_one_message_goes_over_one_connection_and_no_failure_is_borne():
    (behaviour,) = PLAIN_PROFILE.behaviours

    assert (PLAIN_PROFILE.messages, PLAIN_PROFILE.users) == (1, 1)
    assert behaviour.messages_per_connection == Span(1, 1)
    assert behaviour.pipelining is Pipelining.OFF
    assert behaviour.contents == (CONTENT,)
    assert [it.text for it in PLAIN_PROFILE.thresholds] == ["failures == 0"]
    assert [it.text for it in PLAIN_PROFILE.stop_when] == ["failures > 0"]


@pytest.mark.parametrize("sent", [2, 100, 3 * MOST_NUMBERED])
def test_there_are_enough_mailboxes_for_a_message_however_many_are_sent(sent):
    found = mailboxes(letters(numbered=True, messages=sent, recipients=3))

    assert len(found) == len(set(found)) >= 3
    assert len(found) == min(3 * sent, MOST_NUMBERED)


# what is written -> host, port, scheme
PLACES = {
    "127.0.0.1:2525": ("127.0.0.1", 2525, Scheme.SMTP),
    "inet:127.0.0.1:2525": ("127.0.0.1", 2525, Scheme.SMTP),
    "localhost": ("localhost", 25, Scheme.SMTP),
    "localhost:smtp": ("localhost", 25, Scheme.SMTP),
    "[::1]:2525": ("::1", 2525, Scheme.SMTP),
    "unix:/run/lmtp": ("/run/lmtp", 0, Scheme.SMTP),
}


@pytest.mark.parametrize("where", PLACES)
def test_where_is_written_as_smtp_source_has_it(where):
    address = make_target(letters(where=where)).address

    assert (address.host, address.port, address.scheme) == PLACES[where]


def test_lmtp_is_spoken_where_l_says_so():
    assert make_target(letters(lmtp=True)).address.scheme is Scheme.LMTP


@pytest.mark.parametrize(("family", "host"), [("ipv4", "127.0.0.1"), ("ipv6", "::1")])
def test_a_family_picks_an_address_of_it(family, host):
    assert make_target(letters(where=f"[{host}]:25", **{family: True})).address.host == host


def test_who_owns_a_name_owns_the_address_that_a_family_picks():
    target = make_target(letters(where="localhost:25", ipv4=True), mine=["localhost"])

    assert target.address.host == "127.0.0.1"
    assert "127.0.0.1" in target.mine


@pytest.mark.parametrize("said", [
    {"where": "127.0.0.1:nowhere"},
    {"where": "127.0.0.1:0"},
    {"where": "127.0.0.1:99999"},
    {"where": ":25"},
    {"where": "::1:25"},
    {"where": "127.0.0.1", "ipv6": True},
    {"where": "a..b"},
    {"where": f"{'a' * 64}.test:25", "ipv4": True},
])  # fmt: skip
def test_what_is_no_place_is_refused_by_name(said):
    with pytest.raises(UsageError, match=said["where"]):
        make_target(letters(**said))


@pytest.mark.parametrize(("said", "both"), [
    ({"wait": 1, "random": 1}, "-w and -R"),
    ({"length": 1, "file": Path("x")}, "-l and -F"),
])  # fmt: skip
def test_letters_that_contradict_each_other_are_refused(said, both):
    with pytest.raises(UsageError, match=f"{both}: one of them"):
        make_profile(letters(**said), CONTENT)


HEAD = f"From: <foo@me.test>\nTo: <foo@me.test>\nDate: {DATE}\n"
LULLABY = "".join(f"La de da de da {number}.\n" for number in (1, 2, 3, 4))
# what the letters say -> the message, octet for octet what smtp-source 3.7 sends (but Message-Id)
MESSAGES = {
    "nothing": ({}, f"{HEAD}\n{LULLABY}"),
    "-S": ({"subject": "subj"}, f"{HEAD}Subject: subj\n\n{LULLABY}"),
    "-o": ({"old": True}, LULLABY),
    "-l 1": ({"length": 1}, f"{HEAD}\nX\n"),
    "-l 80": ({"length": 80}, f"{HEAD}\n{'X' * 80}\n"),
    "-l 81": ({"length": 81}, f"{HEAD}\n1{'X' * 77}\nX\n"),
    "-l 200": ({"length": 200}, f"{HEAD}\n1{'X' * 77}\n2{'X' * 77}\n{'X' * 40}\n"),
    "-f ''": ({"sender": ""}, f"{HEAD}\n{LULLABY}".replace("From: <foo@me.test>", "From: <>")),
}


@pytest.mark.parametrize(("said", "text"), MESSAGES.values(), ids=MESSAGES)
def test_the_message_is_smtp_source_s(said, text):
    assert message(letters(**said), DATE) == text.encode()


NOTED = {
    "-c": {"counts": True},
    "-C": {"retries": 5},
    "-N": {"numbered": True, "sessions": 2},
    "-o": {"old": True},
    "-T": {"window": 1024},
    "-v": {"verbose": True},
}


@pytest.mark.parametrize("letter", NOTED)
def test_what_cannot_be_honoured_is_said(letter):
    (told,) = notes(letters(**NOTED[letter]))

    assert told.startswith(f"{letter}: ")


def test_numbers_that_begin_again_are_told():
    assert len(list(notes(letters(numbered=True, messages=MOST_NUMBERED + 1)))) == 1


def test_nothing_is_said_of_letters_that_are_honoured():
    assert list(notes(letters(stays=True, messages=9, sessions=3, length=5, goes_on=True))) == []


def test_what_the_letters_say_may_be_run_on_loopback_alone():
    admit(PLAIN_TARGET, PLAIN_PROFILE)
    with pytest.raises(UsageError, match="not on loopback"):
        admit(make_target(letters(where="192.0.2.1")), PLAIN_PROFILE)
    admit(make_target(letters(where="192.0.2.1"), mine=["192.0.2.1"]), PLAIN_PROFILE)
