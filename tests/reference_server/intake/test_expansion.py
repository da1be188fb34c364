from dataclasses import replace

import pytest

from reference_server.intake.directory import Alias, Directory, MailingList
from reference_server.intake.expansion import Notice, expand, mailbox_of, notify

HERE = Directory(
    domain="example.test",
    has_user={"alice", "bob"}.__contains__,
    aliases={
        "al": Alias(("alice",)),
        "both": Alias(("alice@example.test", "bob@far.test")),
        "postmaster": Alias(("alice@example.test",)),
        "round": Alias(("about@example.test",)),
        "about": Alias(("round@example.test", "bob@example.test")),
        "gone": Alias(("nobody@example.test",)),
        "bob": Alias(("bob@example.test", "bob@far.test")),
        "this": Alias(("that@example.test",)),
        "that": Alias(("This@example.test", "no address")),
        "one": Alias(("other@example.test",)),
        "other": Alias(("one@example.test",)),
    },
    lists={
        "staff": MailingList(
            members=("alice@example.test", "eve@far.test", "staff@example.test"),
            owner="owner@example.test",
        )
    },
)
DSN = (("RET", "HDRS"), ("ENVID", "x"))
ASKS = (("NOTIFY", "SUCCESS,FAILURE"), ("ORCPT", "rfc822;x@y.test"))


def expanded(*addresses, parameters=(), mail=()):
    return expand(
        HERE, "sender@c.test", mail, [(mailbox_of(each), parameters) for each in addresses]
    )


def legs(result):
    """Everything that is sent somewhere, as (from, to) pairs."""
    copies = [*result.inboxes.values(), *result.elsewhere.values()]
    return sorted((copy.reverse_path, copy.address) for copy in copies)


def test_a_recipient_named_twice_gets_one_copy():
    result = expanded("alice@example.test", "ALICE@example.test", "al@example.test")
    assert list(result.inboxes) == ["alice"]
    assert not result.elsewhere


def test_addresses_elsewhere_differ_in_the_case_of_the_local_part_alone():
    result = expanded("Eve@far.test", "Eve@FAR.test", "eve@far.test")
    assert [copy.address for copy in result.elsewhere.values()] == ["Eve@far.test", "eve@far.test"]


def test_an_alias_keeps_the_reverse_path_and_a_list_does_not():
    assert legs(expanded("both@example.test")) == [
        ("sender@c.test", "alice@example.test"),
        ("sender@c.test", "bob@far.test"),
    ]
    assert legs(expanded("staff@example.test")) == [
        ("owner@example.test", "alice@example.test"),
        ("owner@example.test", "eve@far.test"),
    ]


def test_who_is_reached_behind_an_alias_and_in_whose_name_is_for_the_directory():
    sent = [(mailbox_of("both@example.test"), ()), (mailbox_of("staff@example.test"), ())]
    other = replace(
        HERE,
        reached=lambda addresses: addresses[1:2],
        alias_sender=lambda sender: f"alias.{sender}",
        list_sender=lambda sender, owner: f"list.{sender}",
    )
    result = expand(other, "sender@c.test", (), sent)
    assert set(result.elsewhere) == {
        ("alias.sender@c.test", "bob@far.test"),
        ("list.sender@c.test", "eve@far.test"),
    }
    assert result.inboxes == {}


def test_who_leads_back_to_himself_is_asked_once():
    assert [leg[1] for leg in legs(expanded("round@example.test"))] == [
        "bob@example.test",
        "bob@far.test",
    ]


@pytest.mark.parametrize("mine", ["bob@example.test", "Bob+x@example.test"])
def test_an_alias_of_a_users_own_name_may_keep_a_copy_for_him(mine):
    result = expanded(mine)
    assert list(result.inboxes) == ["bob"]
    assert [copy.address for copy in result.elsewhere.values()] == ["bob@far.test"]
    assert not result.lost


LOST = {
    "an alias for somebody who has gone": ("gone", "nobody@example.test"),
    "a circle": ("one", "one@example.test"),
    "a circle with something that is no address": ("this", "no address@example.test"),
    "somebody who went after RCPT": ("nobody", "nobody@example.test"),
}


@pytest.mark.parametrize(("local", "lost"), LOST.values(), ids=LOST)
def test_nothing_is_forgotten_on_the_way_to_nobody(local, lost):
    result = expanded(f"{local}@example.test", parameters=ASKS)
    assert legs(result) == []
    ((address, asked),) = [(copy.address, notify(copy.rcpt_parameters)) for copy in result.lost]
    assert address == lost
    assert "FAILURE" in asked


def test_a_list_loses_mail_in_the_name_of_its_owner():
    here = replace(HERE, lists={"few": MailingList(("gone@example.test",), "o@far.test")})
    (copy,) = expand(here, "s@c.test", DSN, [(mailbox_of("few@example.test"), ASKS)]).lost
    assert (copy.reverse_path, copy.mail_parameters, copy.rcpt_parameters) == ("o@far.test", (), ())


@pytest.mark.parametrize("postmaster", ["postmaster", "Postmaster@example.test"])
def test_postmaster_has_an_alias_too(postmaster):
    assert list(expanded(postmaster).inboxes) == ["alice"]


# --- RFC 3461 5.2.7 ------------------------------------------------------------------------------


def test_delivery_to_an_inbox_is_told_if_that_was_asked():
    result = expanded("alice@example.test", parameters=ASKS)
    assert result.notices == [Notice("delivered", "alice@example.test", ASKS)]


@pytest.mark.parametrize("asked", ["NEVER", "FAILURE", "FAILURE,DELAY"])
def test_delivery_to_an_inbox_is_not_told_otherwise(asked):
    result = expanded("alice@example.test", parameters=(("NOTIFY", asked),))
    assert result.notices == []


def test_an_alias_for_one_passes_every_request_on():
    result = expanded("al@example.test", parameters=ASKS, mail=DSN)
    assert result.inboxes["alice"].rcpt_parameters == ASKS
    assert result.inboxes["alice"].mail_parameters == DSN
    assert [notice.action for notice in result.notices] == ["delivered"]


def test_an_alias_for_several_says_expanded_and_passes_on_no_success():
    result = expanded("both@example.test", parameters=ASKS, mail=DSN)
    assert result.notices == [Notice("expanded", "both@example.test", ASKS)]
    (there,) = result.elsewhere.values()
    assert there.mail_parameters == DSN
    assert there.rcpt_parameters == (("NOTIFY", "FAILURE"), ("ORCPT", "rfc822;x@y.test"))


def test_who_wanted_success_alone_wants_nothing_behind_an_alias_for_several():
    result = expanded("both@example.test", parameters=(("NOTIFY", "success"),))
    (there,) = result.elsewhere.values()
    assert there.rcpt_parameters == (("NOTIFY", "NEVER"),)


def test_a_list_is_final_delivery_and_its_copies_ask_for_nothing():
    result = expanded("staff@example.test", parameters=ASKS, mail=(*DSN, ("SIZE", "100")))
    assert result.notices == [Notice("delivered", "staff@example.test", ASKS)]
    (there,) = result.elsewhere.values()
    assert there.rcpt_parameters == ()
    assert there.mail_parameters == (("SIZE", "100"),)


def test_a_list_tells_nothing_that_nobody_asked_for():
    assert expanded("staff@example.test").notices == []


@pytest.mark.parametrize(
    ("parameters", "asked"),
    [((), set()), ((("NOTIFY", "never"),), {"NEVER"}), ((("NOTIFY", None),), set())],
)
def test_notify_is_read(parameters, asked):
    assert notify(parameters) == asked


@pytest.mark.parametrize(
    ("address", "found"),
    [("a@b.test", ("a", "b.test")), ('"a b"@b.test', ("a b", "b.test")),
     ("jösé@b.test", ("jösé", "b.test")), ("no address", None)],
)  # fmt: skip
def test_an_address_is_read_as_rfc_5321_writes_it(address, found):
    mailbox = mailbox_of(address)
    assert (mailbox and (mailbox.local, mailbox.domain)) == found
