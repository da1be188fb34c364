from dataclasses import replace

import pytest

from harness.protocol.addresses import NULL_PATH, ForwardPath, ReversePath
from harness.protocol.receiver import RULES, Envelope
from harness.protocol.receiver.events import Addressee
from reference_server.intake.directory import Alias, Directory, MailingList
from reference_server.intake.expansion import mailbox_of
from reference_server.intake.intake import Intake
from reference_server.intake.policy import House
from reference_server.queue import Item, QueuedRecipient, Submitted
from reference_server.queue.store import StoredQueue
from reference_server.storage.mailboxes import Mailboxes
from reference_server.storage.storage import DiskStorage
from tests.reference_server.connecting import connected, mail_of, server_in
from tests.reference_server.disks import FullDisk


def intake(server, spool, *, disk, **how):
    """An intake as the server's own, but for its disk."""
    mailboxes = Mailboxes(spool / "mail", disk=disk)
    storage = DiskStorage(mailboxes, StoredQueue(spool / "queue.db", sync=False))
    return Intake(server.house, storage, inline=True, **how)


async def test_a_sender_is_told_452_as_long_as_there_is_no_room_for_what_it_declares(tmp_path):
    server, rooms = server_in(tmp_path), []

    def has_room(octets):
        rooms.append(octets)
        return octets < 5_000

    server.intake = intake(server, tmp_path, disk=FullDisk(lambda path: False), has_room=has_room)
    async with connected(server) as client:
        await client.say(b"EHLO c.test\r\n")
        told = await client.say(b"MAIL FROM:<a@c.test> SIZE=6000\r\n")
        assert told == b"452 4.3.1 Insufficient system storage"
        assert (await client.say(b"RCPT TO:<bob@example.test>\r\n")).startswith(b"503")
        assert (await client.say(b"MAIL FROM:<a@c.test> SIZE=4000\r\n")).startswith(b"250")
        assert (await client.say(b"RSET\r\n")).startswith(b"250")
        assert (await client.say(b"MAIL FROM:<a@c.test>\r\n")).startswith(b"250")
    assert rooms == [6_000, 4_000, 0]


async def test_a_disk_that_fills_up_meanwhile_is_452_and_leaves_no_debris(tmp_path):
    server = server_in(tmp_path)
    server.intake = intake(server, tmp_path, disk=FullDisk(lambda path: "/bob/" in path))
    async with connected(server) as client:
        assert (await client.send("bob@example.test", b"x\r\n")).startswith(b"452 4.3.1")
        assert (await client.send("alice@example.test", b"x\r\n")).startswith(b"250")
    assert len(mail_of(tmp_path, "alice")) == 1
    for part in ("tmp", "new"):
        assert list((tmp_path / "mail" / "bob" / part).iterdir()) == []


# --- what a message becomes ----------------------------------------------------------------------

HERE = Directory(
    domain="example.test",
    has_user={"alice", "bob"}.__contains__,
    aliases={
        "both": Alias(("alice", "eve@far.test")),
        "away": Alias(("eve@far.test",)),
        "gone": Alias(("nobody@example.test",)),
    },
    lists={
        "staff": MailingList(("bob@example.test", "joe@far.test"), "owner@example.test"),
        "old": MailingList(("nobody@example.test",), "owner@example.test"),
    },
)


class Shelf:
    """A storage that only remembers."""

    waits = False

    def __init__(self, outcome=None):
        self.kept = []
        self.outcome = outcome

    def keep_all(self, deliveries):
        self.kept += deliveries
        return [self.outcome] * len(deliveries)


def taken(*recipients, sender="a@c.test", parameters=(), mail=(), shelf=None):
    """What is kept of a message, and the items that the relay hears of."""
    shelf, told = shelf or Shelf(), []
    here = Intake(House(directory=HERE, relays=True), shelf, now=lambda: 1_000.0)
    here.relay = told.append
    envelope = Envelope(
        ReversePath(mailbox_of(sender)) if sender else NULL_PATH,
        tuple(Addressee(ForwardPath(mailbox_of(to)), parameters) for to in recipients),
        mail,
    )
    here.take_now(envelope, b"Subject: x\r\n\r\nx\r\n", "id")
    assert told == [item for delivery in shelf.kept for item in delivery.items]
    return shelf.kept


def test_mail_for_elsewhere_is_queued_with_what_was_asked_for_it():
    (kept,) = taken("eve@far.test", parameters=(("NOTIFY", "DELAY"),), mail=(("RET", "HDRS"),))
    ((item, content),) = kept.items.items()
    assert content == b"Subject: x\r\n\r\nx\r\n"  # Return-Path is for final delivery alone
    assert (item.id, item.reverse_path, item.parameters) == ("id", "a@c.test", (("RET", "HDRS"),))
    assert (item.arrived, item.size) == (1_000.0, len(content))
    (recipient,) = item.recipients
    assert (recipient.address, recipient.parameters) == ("eve@far.test", (("NOTIFY", "DELAY"),))
    assert not kept.copies


def test_one_message_may_go_to_mailboxes_and_elsewhere_at_once():
    (kept,) = taken("both@example.test", "bob@example.test", "jim@far.test")
    assert set(kept.copies) == {"alice", "bob"}
    (item,) = kept.items
    assert [one.address for one in item.recipients] == ["eve@far.test", "jim@far.test"]


def test_what_a_list_sends_on_bounces_to_its_owner():
    (kept,) = taken("staff@example.test", "eve@far.test")
    by_sender = {item.reverse_path: item for item in kept.items}
    assert {item.id for item in kept.items} == {"id", "id.2"}
    assert by_sender["owner@example.test"].recipients[0].address == "joe@far.test"
    assert by_sender["a@c.test"].recipients[0].address == "eve@far.test"
    assert kept.copies["bob"].startswith(b"Return-Path: <owner@example.test>\r\n")


def test_who_asked_for_it_is_told_of_delivery():
    (kept,) = taken(
        "bob@example.test", sender="alice@example.test", parameters=(("NOTIFY", "SUCCESS"),)
    )
    assert set(kept.copies) == {"bob"}
    ((item, octets),) = kept.items.items()
    assert (item.reverse_path, item.recipients[0].address) == ("", "alice@example.test")
    assert b"Action: delivered\r\n" in octets
    assert b"Final-Recipient: rfc822; bob@example.test\r\n" in octets


LOST = {
    "the sender": ("gone@example.test", "a@c.test"),
    "the owner of a list": ("old@example.test", "owner@example.test"),
}


@pytest.mark.parametrize(("to", "told"), LOST.values(), ids=LOST)
def test_who_hears_of_an_address_that_leads_to_nobody(to, told):
    (kept,) = taken(to)
    ((item, octets),) = kept.items.items()
    assert (item.reverse_path, item.recipients[0].address) == ("", told)
    assert b"Final-Recipient: rfc822; nobody@example.test\r\nAction: failed\r\n" in octets


def test_a_message_and_the_report_of_it_are_kept_or_refused_as_one():
    shelf = Shelf(OSError("disk full"))
    with pytest.raises(OSError, match="disk full"):
        taken("bob@example.test", parameters=(("NOTIFY", "SUCCESS"),), shelf=shelf)
    assert len(shelf.kept) == 1


def test_nobody_is_told_of_what_came_from_nobody():
    (kept,) = taken("bob@example.test", sender="", parameters=(("NOTIFY", "SUCCESS"),))
    assert set(kept.copies) == {"bob"}


@pytest.mark.parametrize(
    ("mail", "release"),
    [((("HOLDFOR", "60"),), 1_060.0), ((("HOLDUNTIL", "1970-01-01T01:00:00Z"),), 3_600.0)],
)
def test_mail_that_is_held_waits_in_the_queue_for_everybody(mail, release):
    (kept,) = taken(
        *("bob@example.test", "Bob@example.test", "eve@far.test", "Eve@far.test", "eve@FAR.test"),
        mail=(*mail, ("SIZE", "1")),
    )
    assert not kept.copies
    (item,) = kept.items
    assert {one.not_before for one in item.recipients} == {release}
    to = [one.address for one in item.recipients]
    assert to == ["Bob@example.test", "eve@FAR.test", "Eve@far.test"]


def waiting(*addresses, sender="a@c.test", parameters=(), mail=()):
    """An item of the queue."""
    return Item(
        id="id",
        reverse_path=sender,
        parameters=mail,
        arrived=0.0,
        size=3,
        recipients=tuple(QueuedRecipient(address=one, parameters=parameters) for one in addresses),
    )


async def test_what_comes_out_of_the_queue_for_here_is_kept_like_any_message():
    shelf = Shelf()
    here = Intake(House(directory=HERE), shelf, inline=True)
    addresses = ["both@example.test", "nobody@example.test", "?"]
    submitted = await here.submit(waiting(*addresses, sender=""), addresses, b"x\r\n")
    (kept,) = shelf.kept
    assert kept.copies == {"alice": b"Return-Path: <>\r\nx\r\n"}
    assert [item.reverse_path for item in submitted.items] == [""]
    assert {address: reply.code for address, reply in submitted.refused.items()} == {
        "nobody@example.test": 550,
        "?": 550,
    }


async def test_what_was_asked_of_held_mail_holds_behind_an_alias():
    shelf, asked = Shelf(), (("NOTIFY", "SUCCESS"),)
    here = Intake(House(directory=HERE), shelf, inline=True)
    mail = (("HOLDFOR", "60"), ("REQUIRETLS", None), ("ENVID", "x"))
    item = waiting("away@example.test", parameters=asked, mail=mail)
    submitted = await here.submit(item, ["away@example.test"], b"x\r\n")
    assert (shelf.kept, submitted.refused) == ([], {})
    (passed,) = submitted.items  # and no report: nothing has been delivered yet
    assert passed.parameters == (("REQUIRETLS", None), ("ENVID", "x"))
    assert [(one.address, one.parameters) for one in passed.recipients] == [("eve@far.test", asked)]


async def test_only_the_recipients_that_are_due_get_what_comes_out_of_the_queue():
    shelf = Shelf()
    here = Intake(House(directory=HERE), shelf, inline=True)
    item = waiting("alice@example.test", "bob@example.test")
    assert await here.submit(item, ["bob@example.test"], b"x\r\n") == Submitted()
    assert [set(kept.copies) for kept in shelf.kept] == [{"bob"}]


async def test_copies_that_come_out_of_the_queue_are_known_in_every_try():
    shelf, more = Shelf(), waiting("alice@example.test", "staff@example.test")
    here = Intake(House(directory=HERE), shelf, inline=True)
    for to, text in (("alice", b"x"), ("staff", b"x"), ("alice", b"y")):
        submitted = await here.submit(more, [f"{to}@example.test"], text)
        assert bool(submitted.items) is (to == "staff")
    one, same, other = (kept.identity for kept in shelf.kept)
    assert one == same
    assert one != other  # though a clock that was set back gave it the same id
    assert not any(kept.items for kept in shelf.kept)  # these are for the commit that records it


# what stands behind the postmaster -> whose mailboxes get what has no sender to tell
POSTMASTERS = {
    "nothing": (None, {"postmaster"}),
    "a user": (Alias(("alice",)), {"alice"}),
    "a user and somebody elsewhere": (Alias(("alice", "eve@far.test")), {"alice"}),
    "somebody elsewhere": (Alias(("eve@far.test",)), {"postmaster"}),
    "nobody": (Alias(("nobody",)), {"postmaster"}),
    "a list": (Alias(("staff",)), {"bob"}),
}


@pytest.mark.parametrize(("alias", "whose"), POSTMASTERS.values(), ids=POSTMASTERS)
async def test_what_has_no_sender_to_tell_stays_here_so_that_nothing_comes_back(alias, whose):
    shelf = Shelf()
    aliases = {} if alias is None else {"postmaster": alias}
    here = Intake(House(directory=replace(HERE, aliases=aliases)), shelf, inline=True)
    item = waiting("postmaster", sender="", parameters=(("NOTIFY", "NEVER"),))
    assert await here.submit(item, ["postmaster"], b"x\r\n") == Submitted()
    (kept,) = shelf.kept
    assert (set(kept.copies), kept.items) == (whose, {})


def test_what_came_from_nobody_and_leads_to_nobody_is_the_postmasters_affair():
    (kept,) = taken("gone@example.test", sender="")
    ((item, octets),) = kept.items.items()
    assert (item.reverse_path, item.recipients[0].address) == ("", "postmaster")
    assert b"Final-Recipient: rfc822; nobody@example.test\r\nAction: failed\r\n" in octets


async def test_where_there_is_no_room_for_what_comes_of_a_message_none_of_it_is_kept():
    shelf = Shelf()
    here = Intake(House(directory=HERE), shelf, inline=True, has_room=lambda octets: octets < 3)
    with pytest.raises(OSError, match="No space"):
        await here.submit(waiting("both@example.test"), ["both@example.test"], b"x\r\n")
    assert shelf.kept == []


def test_who_gets_a_message_and_how_it_is_delivered_are_rules():
    shelf = Shelf()
    here = Intake(House(directory=HERE), shelf)
    here.rules = replace(
        RULES,
        addressees=lambda envelope, content: envelope.recipients[1:],
        deliver=lambda reverse_path, content: reverse_path.encode() + content,
    )
    to = tuple(
        Addressee(ForwardPath(mailbox_of(f"{name}@example.test"))) for name in ("alice", "bob")
    )
    here.take_now(Envelope(ReversePath(mailbox_of("a@c.test")), to), b"x\r\n", "id")
    assert shelf.kept[0].copies == {"bob": b"a@c.testx\r\n"}
