"""A server made of its configuration: rules, house, users, certificate, doors."""

import base64
import socket
from dataclasses import replace

import pytest

from harness.errors import UsageError
from harness.protocol.extensions import EXTENSIONS
from harness.protocol.order import Verb
from harness.protocol.receiver import Limits
from harness.protocol.services import Service
from reference_server.configuration import (
    Config,
    KeyPair,
    make_faults,
    make_server,
    read_config,
)
from reference_server.configuration.houses import own_addresses
from reference_server.configuration.making import make_rules, make_users
from reference_server.doors.door import Door, Endpoint
from reference_server.faults.reading import parse_table
from reference_server.intake.directory import Alias, MailingList
from reference_server.users.book import Account, changing, make_account
from tests.reference_server.configuration.written import written
from tests.reference_server.connecting import connected, mail_of, server_in


def test_faults_are_made_where_they_are_asked_for_now_or_later(tmp_path):
    table = parse_table("{at: NOOP, drop: yes}")
    assert make_faults(Config(spool=tmp_path)) is None
    now = make_faults(Config(spool=tmp_path, faults=table))
    assert now is not None
    assert (now.table, now.received) == (table, None)  # nobody can ask for messages
    later = make_faults(Config(spool=tmp_path, control=Endpoint("127.0.0.1", 0)))
    assert later is not None
    assert later.table.rows == ()
    assert later.received is not None
    with pytest.raises(UsageError, match="do not go with several workers"):
        make_faults(Config(spool=tmp_path, faults=table, workers=2))


async def test_a_name_in_an_alias_or_a_list_is_one_here(tmp_path):
    server = make_server(
        Config(
            domain="Here.test",
            spool=tmp_path,
            sync=False,
            users={"alice": None, "bob": None},
            aliases={"sales": Alias(("alice", "postmaster"))},
            lists={"crew": MailingList(("bob", "carol@elsewhere.test"), "alice")},
        )
    )
    directory = server.house.directory
    assert directory.aliases == {"sales": Alias(("alice@here.test", "postmaster"))}
    assert directory.lists == {
        "crew": MailingList(("bob@here.test", "carol@elsewhere.test"), "alice@here.test")
    }
    async with connected(server) as client:
        assert (await client.send("sales@here.test", b"x\r\n")).startswith(b"250")
    assert len(mail_of(tmp_path, "alice")) == len(mail_of(tmp_path, "postmaster")) == 1


def test_a_lie_about_a_limit_is_told_unless_the_limit_is_asked_for():
    lie = make_rules(Config(fault="few-recipients")).limits
    assert lie.recipients < Limits().recipients
    assert make_rules(Config(limits=Limits(message=5))).limits == Limits(message=5)


def test_a_server_may_want_tls_before_anything_else(tmp_path):
    text = "tls: {self_signed: yes}\ndemand_tls: yes"
    rules = make_rules(read_config(written(tmp_path, text)))
    assert all(Verb.MAIL in rules.need_tls[service] for service in Service)
    assert make_rules(Config()).need_tls == {}


def test_an_extension_that_is_switched_off_is_not_there():
    offered = make_rules(Config(without=frozenset({"SIZE"}))).extensions
    assert set(offered) == set(EXTENSIONS) - {"SIZE"}


def test_a_certificate_of_ones_own_is_used_and_one_that_is_none_refused(tmp_path):
    made = make_server(Config(spool=tmp_path, tls_self_signed=True))
    assert made.tls is not None
    pair = KeyPair(tmp_path / "cert.pem", tmp_path / "key.pem")
    assert make_server(Config(spool=tmp_path, key_pair=pair)).tls is not None
    with pytest.raises(Exception, match=r"cannot use .*absent\.pem"):
        make_server(Config(spool=tmp_path, key_pair=KeyPair(tmp_path / "absent.pem", pair.key)))


def test_users_are_those_of_a_file_that_is_named_or_stands_in_the_spool(tmp_path):
    spool = tmp_path / "spool"
    spool.mkdir()
    told = Config(spool=spool, users={"dave": "diving"})
    assert list(make_users(told)) == ["dave"]
    for path, name in ((spool / "users", "alice"), (tmp_path / "others", "bob")):
        with changing(path) as accounts:
            accounts[name] = Account(name=name)
    assert list(make_users(told)) == ["alice", "dave"]
    named = read_config(written(tmp_path, "users: others\nspool: spool"))
    assert list(make_users(named)) == ["bob"]
    assert list(make_users(replace(told, spool=None))) == ["dave"]


async def test_who_stands_in_a_file_gets_mail_and_logs_in(tmp_path):
    with changing(tmp_path / "users") as accounts:
        accounts["zoe"] = make_account("zoe", "zebra")
    server = server_in(tmp_path, auth_in_clear=True)
    async with connected(server) as client:
        told = await client.send("zoe@example.test", b"x\r\n")
        assert told.startswith(b"250")
        for password, code in ((b"guess", b"535"), (b"zebra", b"235")):
            secret = base64.b64encode(b"\0zoe\0" + password)
            assert (await client.say(b"AUTH PLAIN " + secret + b"\r\n")).startswith(code)


async def test_who_comes_while_the_server_runs_gets_mail_too(tmp_path):
    with changing(tmp_path / "users"):
        pass
    server = server_in(tmp_path)
    with changing(tmp_path / "users") as accounts:
        accounts["zoe"] = Account(name="zoe")
    async with connected(server) as client:
        told = await client.send("zoe@example.test", b"x\r\n")
        assert told.startswith(b"250")
    assert len(mail_of(tmp_path, "zoe")) == 1


@pytest.mark.parametrize(
    ("hosts", "addresses"),
    [
        (["127.0.0.1", "192.0.2.1", "::1"], {"127.0.0.1", "192.0.2.1", "::1"}),
        (["mail.example.test"], set()),
    ],
)
def test_the_addresses_where_it_listens_are_its_own(hosts, addresses):
    doors = tuple(Door(host=host) for host in hosts)
    assert own_addresses(Config(doors=doors)) == addresses


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_who_listens_everywhere_has_the_addresses_of_the_machine(host, monkeypatch):
    assert own_addresses(Config(doors=(Door(host=host),))) >= {"127.0.0.1", "::1"}
    monkeypatch.setattr(socket, "gethostname", lambda: "no-such-host.invalid")
    assert own_addresses(Config(doors=(Door(host=host),))) == {"127.0.0.1", "::1"}
