from dataclasses import replace

import pytest

from harness.protocol.addresses import Mailbox
from reference_server.intake.directory import Alias, Directory, Inbox, MailingList

STAFF = MailingList(members=("alice@example.test", "eve@far.test"), owner="alice@example.test")
SALES = Alias(("alice@example.test", "bob@example.test"))
HERE = Directory(
    domain="example.test",
    has_user={"alice", "bob", "plus+name"}.__contains__,
    aliases={"sales": SALES, "abuse": Alias(("postmaster",))},
    lists={"staff": STAFF},
    anyone_at=("many.example.test",),
)

LIVES = {
    "a user": ("alice", "example.test", Inbox("alice")),
    "no case": ("ALICE", "EXAMPLE.TEST", Inbox("alice")),
    "a sub-address": ("alice+ketchup", "example.test", Inbox("alice")),
    "two details": ("alice+ketchup+pickles", "example.test", Inbox("alice")),
    "a user whose name has the separator": ("plus+name", "example.test", Inbox("plus+name")),
    "nobody": ("nobody", "example.test", None),
    "nobody's detail": ("nobody+x", "example.test", None),
    "a detail of nobody at all": ("+x", "example.test", None),
    "an alias": ("Sales", "example.test", SALES),
    "an alias with detail": ("sales+spring", "example.test", SALES),
    "a list": ("staff", "example.test", STAFF),
    "everybody": ("whoever", "many.example.test", Inbox("many")),
    "postmaster": ("PostMaster", "example.test", Inbox("postmaster")),
    "postmaster of wherever this is": ("postmaster", "", Inbox("postmaster")),
    "nobody else stands without a domain": ("alice", "", None),
    "elsewhere": ("alice", "far.test", None),
}


@pytest.mark.parametrize(("local", "domain", "entry"), LIVES.values(), ids=LIVES)
def test_who_lives_at_an_address(local, domain, entry):
    assert HERE.look_up(Mailbox(local, domain)) == entry


@pytest.mark.parametrize(
    ("domain", "ours"),
    [("example.test", True), ("Example.Test", True), ("", True), ("many.example.test", True),
     ("far.test", False), ("sub.example.test", False)],
)  # fmt: skip
def test_whose_domain_it_is(domain, ours):
    assert HERE.is_ours(Mailbox("x", domain)) is ours


def test_postmaster_may_be_somebody_in_particular():
    with_alias = Directory(
        domain="example.test", has_user="alice".__eq__,
        aliases={"postmaster": Alias(("alice@example.test",))},
    )  # fmt: skip
    assert with_alias.look_up(Mailbox("POSTMASTER", "")) == Alias(("alice@example.test",))


def test_a_site_may_have_no_sub_addresses():
    plain = Directory(domain="example.test", has_user="alice".__eq__, separator="")
    assert plain.look_up(Mailbox("alice+x", "example.test")) is None


@pytest.mark.parametrize(
    ("domain", "is_here"),
    [
        ("[192.0.2.1]", True),
        ("[IPv6:2001:DB8:0:0::1]", True),
        ("[192.0.2.2]", False),
        ("[IPv6:2001:db8::2]", False),
        ("[x-note:here]", False),
    ],
)
def test_literals_of_our_own_addresses_are_we(domain, is_here):
    here = replace(HERE, addresses=frozenset({"192.0.2.1", "2001:db8::1"}))
    assert here.is_ours(Mailbox("alice", domain)) is is_here
    assert here.look_up(Mailbox("alice", domain)) == (Inbox("alice") if is_here else None)
