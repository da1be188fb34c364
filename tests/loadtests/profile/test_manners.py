from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loadtests.profile import Leave, Pipelining, Span, Tls, Whom
from tests.loadtests.profile.writing import complaints, profile

KIB, MIB = 1_024, 1_048_576

# a line -> the field of the behaviour, and what it says then
READ: dict[str, tuple[str, Any]] = {
    "messages_per_connection: unlimited": ("messages_per_connection", None),
    "messages_per_connection: 5": ("messages_per_connection", Span(5, 5)),
    "messages_per_connection: 1..10": ("messages_per_connection", Span(1, 10)),
    "connection_age: 1m": ("connection_age", 60.0),
    "think: 1s..3s": ("think", Span(1, 3)),
    "think: 0s": ("think", Span(0, 0)),
    "think: 200ms": ("think", Span(0.2, 0.2)),
    "size: 512": ("size", Span(512, 512)),
    "size: 1KiB": ("size", Span(KIB, KIB)),
    "size: 10 KB": ("size", Span(10_000, 10_000)),
    "size: 1.5MiB": ("size", Span(1_572_864, 1_572_864)),
    "size: 1KiB..1MiB": ("size", Span(KIB, MIB)),
    "recipients: 3": ("recipients", Span(3, 3)),
    "recipients: 1..5": ("recipients", Span(1, 5)),
    "to: unknown": ("to", Whom.UNKNOWN),
    "senders: a@x.test": ("senders", ("a@x.test",)),
    "senders: [<>, <a@x.test>]": ("senders", ("", "a@x.test")),
    "senders: user{8..11}@x.test": ("senders", tuple(f"user{n}@x.test" for n in range(8, 12))),
    "mailboxes: user{08..11}@x.test": (
        "mailboxes",
        ("user08@x.test", "user09@x.test", "user10@x.test", "user11@x.test"),
    ),
    'mailboxes: ["b{1..2}@x.test", postmaster]': (
        "mailboxes",
        ("b1@x.test", "b2@x.test", "postmaster"),
    ),
    "pipelining: off": ("pipelining", Pipelining.OFF),
    "pipelining: on": ("pipelining", Pipelining.ON),
    "chunking: yes": ("chunking", True),
    "tls: starttls": ("tls", Tls.STARTTLS),
    "tls: implicit": ("tls", Tls.IMPLICIT),
    "login: yes": ("login", True),
    "listener: submission": ("listener", "submission"),
    "pace: 100B/s": ("pace", 100.0),
    "pace: 1KiB/s": ("pace", 1_024.0),
    "leave: hello": ("leave", Leave.HELLO),
}


@pytest.mark.parametrize(("line", "said"), READ.items(), ids=READ)
def test_every_key_says_one_thing_of_a_behaviour(tmp_path: Path, line: str, said: tuple[str, Any]):
    (found,) = profile(tmp_path, line).behaviours

    assert getattr(found, said[0]) == said[1]


def test_sessions_are_resumed_inside_tls(tmp_path: Path):
    (found,) = profile(tmp_path, "tls: implicit\nresume: 80%").behaviours

    assert (found.tls, found.resume) == (Tls.IMPLICIT, 0.8)


def test_contents_are_found_beside_the_profile(tmp_path: Path):
    (tmp_path / "mail").mkdir()
    for name in ("mail/a.eml", "one.eml"):
        (tmp_path / name).write_text("Subject: a\n\n")
    (found,) = profile(tmp_path, "contents: [mail, one.eml]").behaviours

    assert found.contents == (tmp_path / "mail", tmp_path / "one.eml")


COUNT = "'messages_per_connection' must be a whole number or 'unlimited', not 'lots'"
SUCH_SIZE = "(such as 1KiB or 1KiB..1MiB)"

# a line -> what is pointed at, and what is said of it
WRONG = {
    "messages_per_connection: 0": ("0", "'messages_per_connection' must be from 1 to 1000000000"),
    "messages_per_connection: lots": ("lots", f"{COUNT} (such as 5 or 1..10)"),
    "messages_per_connection: 5..2": (
        "5..2",
        "'messages_per_connection' goes from the least to the most, not '5..2'",
    ),
    "connection_age: 5": (
        "5",
        "'connection_age' must be a duration, not '5' (such as 5s, 200ms or 2m)",
    ),
    "think: 1..3s": ("1", "'think' must be a duration, not '1' (such as 5s, 200ms or 1s..3s)"),
    "think: 2d": ("2d", "'think' must be a day at most"),
    "size: big": ("big", f"'size' must be a size, not 'big' {SUCH_SIZE}"),
    "size: 1KiB..big": ("big", f"'size' must be a size, not 'big' {SUCH_SIZE}"),
    "size: 100": ("100", "'size' must be from 512 octets, which hold the header, to 1000MB"),
    "size: 1KiB..5000MB": (
        "5000MB",
        "'size' must be from 512 octets, which hold the header, to 1000MB",
    ),
    "size: 2KiB..1KiB": ("2KiB..1KiB", "'size' goes from the least to the most, not '2KiB..1KiB'"),
    "size: [1KiB]": ("[", 'a list where text is wanted (quote it: "[1KiB]")'),
    "recipients: 0": ("0", "'recipients' must be from 1 to 10000"),
    "to: nobody": ("nobody", "unknown to 'nobody' (there are: ours, unknown)"),
    "senders: a b@x": ("a b@x", "senders: 'a b@x' is no mailbox"),
    "mailboxes: <>": ("<>", "mailboxes: '<>' is no mailbox"),
    "mailboxes: u{n}@x": ("u{n}@x", "mailboxes: 'u{n}@x' has no range; one is written {1..500}"),
    "mailboxes: u{5..1}@x": (
        "u{5..1}@x",
        "mailboxes: the range of 'u{5..1}@x' runs backwards: write {1..5}",
    ),
    "senders: u{010..1}@x": (
        "u{010..1}@x",
        "senders: the range of 'u{010..1}@x' runs backwards: write {001..010}",
    ),
    "senders: u{10..00}@x": (
        "u{10..00}@x",
        "senders: the range of 'u{10..00}@x' runs backwards: write {00..10}",
    ),
    "mailboxes: u{1..2}{1..2}@x": (
        "u{1..2}{1..2}@x",
        "mailboxes: 'u{1..2}{1..2}@x' has more than one range",
    ),
    "mailboxes: u{1..200000}@x": (
        "u{1..200000}@x",
        "mailboxes: 'u{1..200000}@x' are more than 100,000 mailboxes",
    ),
    "mailboxes: u{200000..1}@x": (
        "u{200000..1}@x",
        "mailboxes: 'u{200000..1}@x' are more than 100,000 mailboxes",
    ),
    'mailboxes: ["a{1..90000}@x", "b{1..90000}@x"]': (
        "[",
        "'mailboxes' are more than 100,000 mailboxes together",
    ),
    "pipelining: of": ("of", "unknown pipelining 'of' (did you mean 'off'?)"),
    "chunking: maybe": ("maybe", "unknown chunking 'maybe' (there are: false, no, true, yes)"),
    "tls: startls": ("startls", "unknown tls 'startls' (did you mean 'starttls'?)"),
    "resume: 0.8": ("0.8", "'resume' must be a share, not '0.8' (such as 80%)"),
    "resume: 80%": ("80%", "'resume' is about TLS sessions, and 'tls' is none"),
    "resume: 120%": ("120%", "'resume' must be from 0% to 100%"),
    "listener: smtpd": ("smtpd", "unknown listener 'smtpd' (did you mean 'smtp'?)"),
    "pace: 100": ("100", "'pace' must be octets a second, not '100' (such as 100B/s or 1KiB/s)"),
    "pace: 5/min": (
        "5/min",
        "'pace' must be octets a second, not '5/min' (such as 100B/s or 1KiB/s)",
    ),
    "leave: rcpt": ("rcpt", "unknown leave 'rcpt' (did you mean 'recipient'?)"),
    "size: 1KiB\ncontents: .": (
        "1KiB",
        "'size' is of messages that we write, and 'contents' names ready ones",
    ),
    "to: unknown\nmailboxes: a@x": (
        "a@x",
        "'mailboxes' says who gets the mail, and 'to' that nobody does",
    ),
    "recipients: 1..3\nmailboxes: b{1..2}@x": (
        "1..3",
        "'recipients' must be at most 2: there are no more 'mailboxes'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "complaint"), WRONG.items(), ids=WRONG)
def test_manners_that_are_none_are_complained_of(
    tmp_path: Path, text: str, complaint: tuple[str, str]
):
    (tmp_path / "a.eml").write_text("Subject: a\n\n")
    assert complaints(tmp_path, text) == [complaint]


def test_files_without_messages_are_complained_of_each(tmp_path: Path):
    (tmp_path / "b.mbox").touch()
    assert complaints(tmp_path, "contents: [a.eml, ., b.mbox]") == [
        ("a.eml", f"{tmp_path / 'a.eml'}: No such file or directory"),
        (".", f"{tmp_path}: there is no *.eml in this folder"),
        ("b.mbox", f"{tmp_path / 'b.mbox'}: there is no message in it"),
    ]
