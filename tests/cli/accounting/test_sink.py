"""The sink that accounts: what comes is compared, counted and not kept."""

from __future__ import annotations

import smtplib
from dataclasses import replace

import pytest

from harness.cli.accounting import accounting
from harness.errors import UsageError
from harness.target import Address, Target
from harness.target.target import Timeouts
from tests.accounting.mail import report
from tests.cli.accounting.sending import Generator, profile_of
from tests.ports import deserted_port

TARGET = Target(
    address=Address("127.0.0.1", 25),
    recipients=("alice@example.test", "bob@example.test"),
    timeouts=Timeouts(delivery=0.2),
)


def port_of(account) -> int:
    return int(account.where.rpartition(":")[2])


@pytest.mark.slow  # it lingers a second for duplicates
def test_all_that_was_accepted_is_found(tmp_path):
    sent = Generator(TARGET, profile_of(TARGET, recipients=2))
    with accounting(TARGET, sent.profile, sink=0) as account:
        sent.send(port_of(account), range(40), sender=3)
        sent.send(port_of(account), range(20), sender=4)
        found = account.finish(sent.write(tmp_path / "receipts"))
    assert (found.accepted, found.delivered, found.misfortunes) == (120, 120, 0)
    assert found.where == account.where
    assert found.where.startswith("sink:127.0.0.1:")
    assert found.latency.count == 120
    assert found.named == ()


@pytest.mark.slow
def test_what_is_wrong_is_named(tmp_path):
    sent = Generator(TARGET, profile_of(TARGET))
    with accounting(TARGET, sent.profile, sink=0) as account:
        port = port_of(account)
        sent.send(port, [0, 1, 2])
        sent.receipts.accept(3, 3, 1, 0.0)  # and lost on the way
        token = sent.mail.token(3, 4)
        sent.receipts.accept(3, 4, 1, 0.0)
        with smtplib.SMTP("127.0.0.1", port) as client:
            # A relay's second try, an octet of another, a bounce, and somebody else's mail.
            client.sendmail("x@x.test", sent.recipients(1), sent.content(1))
            spoiled = sent.content(5).replace(b"\r\n\r\n", b"\r\n\r\nx")
            sent.receipts.accept(3, 5, 1, 0.0)
            client.sendmail("x@x.test", sent.recipients(5), spoiled)
            client.sendmail("", TARGET.sender, report(token, recipients=sent.recipients(4)))
            client.sendmail("x@x.test", "carol@example.test", b"Subject: hi\r\n\r\n")
        found = account.finish(sent.write(tmp_path / "receipts"))
    assert (found.accepted, found.delivered, found.bounced, found.lost) == (6, 4, 1, 1)
    assert (found.duplicates, found.altered, found.foreign) == (1, 1, 1)
    assert [(it.kind, it.token) for it in found.named] == [
        (kind, sent.mail.token(3, serial))
        for kind, serial in [("lost", 3), ("duplicate", 1), ("altered", 5)]
    ]


@pytest.mark.slow  # it waits twelve times as long while there is a queue
@pytest.mark.parametrize(("says", "queued", "lost"), [(1, 1, 1), (5, 2, 0), (0, 0, 2)])
def test_what_the_target_has_in_its_queue_is_not_lost(tmp_path, says, queued, lost):
    target = replace(TARGET, queue=f"echo {says}", directory=tmp_path)
    sent = Generator(target, profile_of(target))
    with accounting(target, sent.profile, sink=0) as account:
        sent.send(port_of(account), [0])
        for serial in (1, 2):
            sent.receipts.accept(3, serial, 1, 0.0)
        found = account.finish(sent.write(tmp_path / "receipts"))
    assert (found.delivered, found.queued, found.lost) == (1, queued, lost)


QUEUED = {  # of two messages to two, one copy has come -> how many are queued, and how many lost
    "2 messages": (3, 0),
    "1 copy": (1, 2),
}


@pytest.mark.slow
@pytest.mark.parametrize(("says", "counts"), QUEUED.items())
def test_a_queue_of_messages_is_one_of_copies(tmp_path, says, counts):
    target = replace(TARGET, queue=f"echo {says}", directory=tmp_path)
    sent = Generator(target, profile_of(target, recipients=2))
    with accounting(target, sent.profile, sink=0) as account:
        with smtplib.SMTP("127.0.0.1", port_of(account)) as client:
            client.sendmail("x@x.test", sent.recipients(0)[:1], sent.content(0))
        for serial in (0, 1):
            sent.receipts.accept(3, serial, 0b11, 0.0)
        found = account.finish(sent.write(tmp_path / "receipts"))
    assert (found.accepted, found.delivered, found.bounced) == (4, 1, 0)
    assert (found.queued, found.lost) == counts
    assert {it.kind for it in found.named} == {"lost" if found.lost else "queued"}


@pytest.mark.slow
def test_a_queue_that_cannot_be_told_any_more_is_said_to_be_none(tmp_path, capsys):
    flag = tmp_path / "broken"
    target = replace(TARGET, queue=f"sh -c 'test ! -e {flag} && echo 1'", directory=tmp_path)
    sent = Generator(target, profile_of(target))
    with accounting(target, sent.profile, sink=0) as account:
        sent.receipts.accept(3, 0, 1, 0.0)
        flag.touch()
        found = account.finish(sent.write(tmp_path / "receipts"))
    assert (found.queued, found.lost) == (0, 1)
    assert "'copies', met exit status 1; nothing is taken for queued" in capsys.readouterr().err


@pytest.mark.slow
def test_without_receipts_nothing_was_accepted(tmp_path):
    with accounting(TARGET, profile_of(TARGET), sink=0) as account:
        found = account.finish(tmp_path / "nothing")
    assert (found.accepted, found.delivered, found.lost) == (0, 0, 0)


QUEUES = {
    "no number": (
        "sh -c 'echo many'",
        "wanted a number of messages, or of 'copies', met exit status 0 and 'many'",
    ),
    "a failure": ("sh -c 'echo no >&2; exit 3'", "met exit status 3 and 'no'"),
    "no program": ("/no/such/program hunter2", "queue: /no/such/program: No such file"),
    "a secret in it": ("ls hunter2", "queue: ls: wanted a number .*ls: cannot access "),
}


@pytest.mark.parametrize(("command", "words"), QUEUES.values(), ids=QUEUES)
def test_a_queue_that_cannot_be_told_is_known_before_the_load(tmp_path, command, words):
    target = replace(TARGET, queue=command, directory=tmp_path)
    with (
        pytest.raises(UsageError, match=words) as raised,
        accounting(target, profile_of(target), sink=0),
    ):
        pytest.fail("it may not begin")
    assert "hunter2" not in str(raised.value)


def test_a_port_that_is_taken_is_known_before_the_load():
    with (
        deserted_port() as port,
        pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{port}"),
        accounting(TARGET, profile_of(TARGET), sink=port),
    ):
        pytest.fail("it may not begin")
