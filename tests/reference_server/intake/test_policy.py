import ipaddress
from dataclasses import replace

import pytest

from harness.protocol.addresses import NULL_PATH, ForwardPath, Mailbox, ReversePath
from harness.protocol.order import Verb
from harness.protocol.receiver import Occasion
from harness.protocol.receiver.events import Verify
from reference_server.intake.directory import Alias, Directory, MailingList
from reference_server.intake.expansion import mailbox_of
from reference_server.intake.policy import Guest, House, Tells

HERE = Directory(
    domain="example.test",
    has_user={"alice"}.__contains__,
    aliases={
        "al": Alias(("alice",)),
        "some": Alias(("nobody", "eve@far.test")),
        "gone": Alias(("nobody", "circle")),
        "circle": Alias(("gone",)),
    },
    lists={
        "staff": MailingList(("alice@example.test", "eve@far.test"), "alice@example.test"),
        "empty": MailingList((), "alice@example.test"),
    },
)
TAKES_ALL = replace(HERE, takes_all=True)  # as a sink does
NOBODY = Occasion.NO_SUCH_USER
OWN = (ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("2001:db8::/32"))
STRANGER, USER = Guest("127.0.0.1"), Guest("127.0.0.1", "alice")


def house(**changed):
    return House(**{"directory": HERE, "relays": True, **changed})


def to(address):
    return ForwardPath(mailbox_of(address) or Mailbox(address, ""))


RELAYING = {
    "a user may": (house(), USER, None),
    "a stranger may not": (house(), STRANGER, Occasion.RELAY_DENIED),
    "nobody may where there is no way": (house(relays=False), USER, Occasion.RELAY_DENIED),
    "all may where all is taken": (house(directory=TAKES_ALL, relays=False), STRANGER, None),
    "a host of ours may": (house(networks=OWN), Guest("192.0.2.7"), None),
    "a host of ours may, by IPv6": (house(networks=OWN), Guest("2001:db8::1"), None),
    "one with a zone": (house(networks=OWN), Guest("fe80::1%eth0"), Occasion.RELAY_DENIED),
    "one whose word is enough": (house(), Guest("192.0.2.7", is_vouched_for=True), None),
    "another host may not": (house(networks=OWN), Guest("198.51.100.7"), Occasion.RELAY_DENIED),
}


@pytest.mark.parametrize(("here", "guest", "objection"), RELAYING.values(), ids=RELAYING)
def test_who_may_send_mail_elsewhere(here, guest, objection):
    assert here.objection_to(to("eve@far.test"), guest) is objection


@pytest.mark.parametrize(
    ("address", "objection"),
    [("alice@example.test", None), ("al@example.test", None), ("staff@example.test", None),
     ("some@example.test", None), ("postmaster", None), ("nobody@example.test", NOBODY),
     ("gone@example.test", NOBODY), ("circle@example.test", NOBODY),
     ("empty@example.test", NOBODY)],
)  # fmt: skip
@pytest.mark.parametrize("guest", [STRANGER, USER])
def test_whoever_lives_here_gets_mail_from_anybody(address, objection, guest):
    assert house().objection_to(to(address), guest) is objection


MEMBERS = ("alice@example.test", "eve@far.test")
TOLD = {
    "a user": (Verb.VRFY, "alice", ("alice@example.test",)),
    "a user by address": (Verb.VRFY, "<alice@example.test>", ("alice@example.test",)),
    "an alias is not told through": (Verb.VRFY, "al", ("al@example.test",)),
    "nobody": (Verb.VRFY, "nobody", Occasion.NO_SUCH_USER),
    "elsewhere": (Verb.VRFY, "eve@far.test", Occasion.VERIFIED),
    "no address": (Verb.VRFY, "a b c", Occasion.VERIFIED),
    "a list": (Verb.EXPN, "staff", MEMBERS),
    "a user is no list": (Verb.EXPN, "alice", Occasion.NO_SUCH_LIST),
    "no list": (Verb.EXPN, "nobody", Occasion.NO_SUCH_LIST),
}


@pytest.mark.parametrize(("verb", "argument", "answer"), TOLD.values(), ids=TOLD)
def test_who_may_be_told_is_told_the_truth(verb, argument, answer):
    asked = Verify(verb, argument, False, Occasion.NOT_TOLD)
    assert house(tells=Tells.ANYONE).told_of(asked, STRANGER) == answer
    assert house(tells=Tells.USERS).told_of(asked, USER) == answer


@pytest.mark.parametrize(("tells", "guest"), [(Tells.NOBODY, USER), (Tells.USERS, STRANGER)])
def test_who_may_not_be_told_learns_nothing(tells, guest):
    for argument in ("alice", "nobody"):
        asked = Verify(Verb.VRFY, argument, False, Occasion.VERIFIED)
        assert house(tells=tells).told_of(asked, guest) is Occasion.VERIFIED


@pytest.mark.parametrize(("utf8", "answer"), [(True, ("jösé@example.test",)),
                                             (False, Occasion.VERIFIED)])  # fmt: skip
def test_an_address_beyond_ascii_is_told_to_who_can_read_it(utf8, answer):
    here = House(
        directory=Directory(domain="example.test", has_user="jösé".__eq__), tells=Tells.ANYONE
    )
    assert here.told_of(Verify(Verb.VRFY, "jösé", utf8, Occasion.VERIFIED), STRANGER) == answer


@pytest.mark.parametrize(
    ("guest", "objection"), [(USER, Occasion.NULL_MX), (STRANGER, Occasion.RELAY_DENIED)]
)
def test_a_domain_that_takes_no_mail_gets_none_from_our_users(guest, objection):
    here = house(null_mx=frozenset({"nowhere.test"}))
    assert here.objection_to(to("joe@Nowhere.test"), guest) is objection
    assert here.objection_to(to("eve@far.test"), USER) is None


@pytest.mark.parametrize(
    ("sender", "objection"),
    [("joe@NOWHERE.test", Occasion.NULL_MX_SENDER), ("eve@far.test", None), (None, None)],
)
def test_a_domain_that_takes_no_answer_may_not_write(sender, objection):
    here = house(null_mx=frozenset({"nowhere.test"}))
    path = NULL_PATH if sender is None else ReversePath(mailbox_of(sender))
    assert here.objection_to_sender(path) is objection
