"""Mailboxes that account: the reference server's own, with faults in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from harness.cli.accounting import accounting
from harness.cli.embedded import embedded
from harness.errors import PeerError, UsageError
from harness.target import Address, Target
from harness.target.target import ANY, Timeouts
from tests.cli.accounting.sending import Generator, profile_of
from tests.ports import deserted_port, reserved_port

pytestmark = pytest.mark.slow

COUNT = 60
FAULTS = {
    "lose": "{at: ., every: 20, lose: yes}",
    "duplicate": "{at: ., every: 20, duplicate: yes}",
    "alter": "{at: ., every: 20, alter: 1}",
}
SAYS = {"lose": "lost", "duplicate": "duplicates", "alter": "altered"}


def reading(delivery: str) -> Target:
    """A target nobody connects to, whose mail is read there."""
    return Target(
        address=Address("127.0.0.1", 25),
        recipients=("alice@example.test",),
        delivery={ANY: delivery},
        timeouts=Timeouts(delivery=0.5),
    )


def quick(target: Target) -> Target:
    return replace(target, timeouts=Timeouts(delivery=0.5))


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_server_spoils_is_found_and_named(tmp_path, fault):
    file = tmp_path / "faults.yaml"
    file.write_text(FAULTS[fault])
    with embedded(None, "--faults", str(file)) as server:
        target = quick(server)
        sent = Generator(target, profile_of(target))
        with accounting(target, sent.profile, reads=True) as account:
            sent.send(target.address.port, range(COUNT))
            found = account.finish(sent.write(tmp_path / "receipts"))
    assert found.accepted == COUNT
    counts = {name: getattr(found, name) for name in SAYS.values()}
    assert counts == dict.fromkeys(SAYS.values(), 0) | {SAYS[fault]: 3}
    kind = {"lose": "lost", "duplicate": "duplicate", "alter": "altered"}[fault]
    assert [(it.kind, it.token) for it in found.named] == [
        (kind, sent.mail.token(3, serial)) for serial in (19, 39, 59)
    ]


def test_several_recipients_have_mailboxes_of_their_own(tmp_path):
    with embedded() as server:
        target = quick(server)
        sent = Generator(target, profile_of(target, recipients=2))
        with accounting(target, sent.profile, reads=True) as account:
            sent.send(target.address.port, range(10))
            found = account.finish(sent.write(tmp_path / "receipts"))
    assert (found.accepted, found.delivered, found.misfortunes) == (20, 20, 0)
    assert found.latency.count == 20


def test_a_mailbox_that_many_share_is_looked_at_once(tmp_path):
    with embedded() as server:
        recipients = tuple(server.many.replace("{n}", str(n)) for n in range(1, 6))
        target = replace(quick(server), recipients=recipients)
        sent = Generator(target, profile_of(target, recipients=3))
        with accounting(target, sent.profile, reads=True) as account:
            sent.send(target.address.port, range(10))
            found = account.finish(sent.write(tmp_path / "receipts"))
    assert (found.accepted, found.delivered, found.misfortunes) == (30, 30, 0)


def test_what_lay_there_before_is_not_looked_at(tmp_path):
    with embedded() as server:
        target = quick(server)
        sent = Generator(target, profile_of(target))
        sent.send(target.address.port, range(5))
        again = Generator(target, profile_of(target))  # the same seed, the same tokens
        with accounting(target, sent.profile, reads=True) as account:
            again.send(target.address.port, range(5))
            found = account.finish(again.write(tmp_path / "receipts"))
    assert (found.accepted, found.delivered, found.misfortunes) == (5, 5, 0)


def test_what_the_target_still_had_of_an_earlier_run_is_not_of_this_one(tmp_path, capsys):
    maildir = tmp_path / "mail"
    for part in ("new", "cur"):
        (maildir / part).mkdir(parents=True)
    target = reading(f"maildir:{maildir}")
    sent = Generator(target, profile_of(target))
    now = datetime.now(UTC)
    with accounting(target, sent.profile, reads=True) as account:
        for serial, when in enumerate((now - timedelta(seconds=5), now + timedelta(seconds=5))):
            trace = f"Received: by example.test; {format_datetime(when)}\n".encode()
            (maildir / "new" / str(serial)).write_bytes(trace + sent.content(serial))
            sent.receipts.accept(3, serial, 1, 0.0)
        found = account.finish(sent.write(tmp_path / "receipts"))
    assert (found.accepted, found.delivered, found.lost, found.foreign) == (2, 1, 1, 1)
    assert "1 of what arrived is of an earlier run" in capsys.readouterr().err


def test_mail_that_another_seed_made_is_foreign(tmp_path):
    with embedded() as server:
        target = quick(server)
        sent, other = (Generator(target, profile_of(target, seed=seed)) for seed in (5, 6))
        with accounting(target, sent.profile, reads=True) as account:
            sent.send(target.address.port, range(5))
            other.send(target.address.port, range(5))
            found = account.finish(sent.write(tmp_path / "receipts"))
    assert (found.delivered, found.foreign, found.misfortunes) == (5, 5, 0)


def test_an_mbox_is_read_on_from_where_it_was(tmp_path):
    mbox = tmp_path / "mbox"
    mbox.write_bytes(b"From x\nSubject: old\n\nold\n\n")
    target = reading(f"mbox:{mbox}")
    sent = Generator(target, profile_of(target))
    with accounting(target, sent.profile, reads=True) as account:
        with mbox.open("ab") as file:
            for serial in range(3):
                file.write(b"From y\n" + sent.content(serial).replace(b"\r\n", b"\n") + b"\n")
                sent.receipts.accept(3, serial, 1, 0.0)
        found = account.finish(sent.write(tmp_path / "receipts"))
    assert (found.accepted, found.delivered, found.foreign, found.misfortunes) == (3, 3, 0, 0)


def test_a_recipient_whose_mail_nobody_can_read_is_known_before_the_load():
    target = Target(address=Address("127.0.0.1", 25), recipients=("alice@example.test",))
    with (
        pytest.raises(UsageError, match=r"nothing says where mail for alice@example\.test"),
        accounting(target, profile_of(target), reads=True),
    ):
        pytest.fail("it may not begin")


def test_a_store_that_is_not_there_is_known_before_the_load():
    with deserted_port() as port:
        target = Target(
            address=Address("127.0.0.1", 25),
            recipients=("alice@example.test",),
            delivery={ANY: f"mailpit+http://127.0.0.1:{port}"},
        )
        with (
            pytest.raises(PeerError, match="Connection refused"),
            accounting(target, profile_of(target), reads=True),
        ):
            pytest.fail("it may not begin")


def test_a_store_that_cannot_be_read_any_more_is_an_error_in_the_end(tmp_path):
    flag = tmp_path / "broken"
    target = Target(
        address=Address("127.0.0.1", 25),
        recipients=("alice@example.test",),
        delivery={ANY: f"command:sh -c 'test ! -e {flag}'"},
        timeouts=Timeouts(delivery=0.5),
    )
    with accounting(target, profile_of(target), reads=True) as account:
        flag.touch()
        with pytest.raises(PeerError, match="exit status 1"):
            account.finish(tmp_path / "receipts")


def test_of_a_command_nothing_but_its_name_is_told(tmp_path):
    target = Target(
        address=Address("127.0.0.1", 25),
        recipients=("alice@example.test",),
        delivery={ANY: "command:true --password hunter2"},
        timeouts=Timeouts(delivery=0.1),
    )
    with accounting(target, profile_of(target), reads=True) as account:
        assert account.finish(tmp_path / "receipts").where == "command:true"


@pytest.mark.parametrize("scheme", ["smtp", "lmtp"])
def test_a_sink_of_the_target_file_is_one(tmp_path, scheme):
    with reserved_port() as port:
        target = Target(
            address=Address("127.0.0.1", 25),
            recipients=("alice@example.test", "bob@example.test"),
            delivery={ANY: f"sink:{scheme}://127.0.0.1:{port}"},
            timeouts=Timeouts(delivery=0.5),
        )
        sent = Generator(target, profile_of(target))
        with accounting(target, sent.profile, reads=True) as account:
            sent.send(port, range(4), lmtp=scheme == "lmtp")
            found = account.finish(sent.write(tmp_path / "receipts"))
    assert (found.accepted, found.delivered) == (4, 4)
