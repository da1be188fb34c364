import base64
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.documents import DocumentError, MappingNode, Node, load
from harness.errors import UsageError
from harness.protocol.extensions import EXTENSIONS
from harness.protocol.order import Verb
from harness.protocol.receiver import Limits
from harness.protocol.services import Service
from harness.target import read_address
from reference_server.configuration import (
    Config,
    KeyPair,
    make_faults,
    make_server,
    read_config,
)
from reference_server.configuration.houses import own_addresses
from reference_server.configuration.making import make_rules, make_users
from reference_server.configuration.relaying import Dns
from reference_server.doors.door import Door, Endpoint, Kind
from reference_server.doors.limits import Allowance
from reference_server.faults.reading import parse_table
from reference_server.intake.directory import Alias, MailingList
from reference_server.relay.routes import Route, Tls
from reference_server.relay.schedule import Schedule
from reference_server.server import Patience
from reference_server.users.book import Account, changing, make_account
from reference_server.watching.log import Form, Level, Logging
from tests.reference_server.connecting import connected, mail_of, server_in

DOCS = Path(__file__).parents[2] / "docs" / "serve.md"


def written(folder: Path, text: str) -> Path:
    path = folder / "serve.yaml"
    path.write_text(text, "utf-8")
    return path


def complaints_about(folder: Path, text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        read_config(written(folder, text))
    return [f"{one.at.line}:{one.at.column}: {one.sentence}" for one in caught.value.complaints]


def test_the_example_of_the_documentation_is_read_and_makes_a_server(tmp_path):
    (example,) = re.findall("<!-- example.*?```yaml\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    config = read_config(written(tmp_path, example))
    assert config.spool == tmp_path / "spool"
    server = make_server(config)
    assert server.relay is not None
    assert server.tls is not None
    assert config.relay is not None
    assert config.relay.schedule == Schedule()  # the text says that these are the defaults
    assert config.limits == Limits()  # the text says that these are the defaults
    assert config.patience == Patience()
    assert config.allowance == Allowance(connections_per_address=100)


def test_every_key_is_documented(tmp_path):
    documented = DOCS.read_text("utf-8")
    for key in keys_of(load(written(tmp_path, EVERYTHING))):
        assert re.search(rf"\b{re.escape(key)}:", documented), key


def keys_of(node: Node) -> Iterator[str]:
    """The keys that are words of ours: not users, domains or extensions."""
    if isinstance(node, MappingNode):
        for key, value in node.entries:
            yield key.value
            if key.value not in _NAMES_OF_OTHERS:
                yield from keys_of(value)


_NAMES_OF_OTHERS = ("users", "aliases", "lists", "extensions", "routes")


def test_what_is_not_said_is_as_if_there_was_no_file(tmp_path):
    assert read_config(written(tmp_path, "domain: example.test")) == Config()


@pytest.mark.parametrize(("words", "told"), [("postmaster", True), ("discard", False)])
def test_who_hears_of_bounces_that_bounce(tmp_path, words, told):
    config = read_config(written(tmp_path, f"bounces: {{double: {words}}}"))
    assert config.tells_postmaster is told
    assert read_config(written(tmp_path, "bounces: {}")).tells_postmaster


EVERYTHING = """\
domain: Mail.Example.Test
listen: [smtp://127.0.0.1:0, "lmtp://[::1]:2424"]
users: {Alice: wonderland, bob: }
aliases: {Sales: [alice, carol@elsewhere.test], root: bob}
lists: {crew: {members: [alice], owner: bob}}
separator: "-"
anyone_at: many.example.test
spool: spool
sync: no
discard: yes
voice: textbook
fault: no-unstuff
tls: {certificate: cert.pem, key: /etc/key.pem}
extensions: {8BITMIME: no, SIZE: yes}
limits:
  {message: 1MB, recipients: 3, command_line: 1KiB, text_line: 1000, errors: 2, chunk: 2MB,
   junk: 7, log_ins: 1, mails: 4, domains: 5, hold: 1h, deliver_by: 2m, connections: 9,
   connections_per_address: 2, commands: 50, octets: 5MB, session: 1h, rate: 1KB, window: 10s}
timeouts: {idle: 10s, mailbox: 20m, handshake: 3s, farewell: 1s, stop: 2s}
workers: 2
log: {to: server.log, form: text, level: debug}
metrics: 0.0.0.0:9100
control: 8025
relay:
  networks: [192.0.2.0/24, "2001:db8::1"]
  routes:
    bob.example: smtp://127.0.0.1:2526
    .partner.test: {hosts: [mx1.partner.test, "smtps://[::1]:465"], tls: required}
    "*": smarthost.test:587
  dns: {servers: 127.0.0.1, port: 5353, trusts_ad: yes, timeout: 2s}
  tls: "off"
  schedule: {retry: [1m, 5m], warn_after: never, give_up_after: 2d}
  messages_per_connection: 5
  connection_age: 1m
"""


def test_every_key_is_read(tmp_path):
    config = read_config(written(tmp_path, EVERYTHING))
    assert config.domain == "Mail.Example.Test"
    assert config.doors == (Door(Kind.SMTP, "127.0.0.1", 0), Door(Kind.LMTP, "::1", 2424))
    assert config.users == {"Alice": "wonderland", "bob": None}
    assert config.aliases == {
        "sales": Alias(("alice", "carol@elsewhere.test")),
        "root": Alias(("bob",)),
    }
    assert config.lists == {"crew": MailingList(("alice",), "bob")}
    assert (config.separator, config.anyone_at) == ("-", ("many.example.test",))
    assert (config.spool, config.sync, config.discard) == (tmp_path / "spool", False, True)
    assert (config.voice, config.fault) == ("textbook", "no-unstuff")
    assert config.key_pair == KeyPair(tmp_path / "cert.pem", Path("/etc/key.pem"))
    assert not config.tls_self_signed
    assert config.without == {"8BITMIME"}
    assert config.limits == Limits(
        message=1_000_000,
        recipients=3,
        command_line=1024,
        text_line=1000,
        errors=2,
        chunk=2_000_000,
        junk=7,
        log_ins=1,
        mails=4,
        domains=5,
        hold=3_600,
        deliver_by=120,
    )
    assert config.allowance == Allowance(
        connections=9,
        connections_per_address=2,
        commands=50,
        octets=5_000_000,
        seconds=3600.0,
        rate=1000,
        window=10.0,
    )
    assert config.patience == Patience(
        idle=10.0, mailbox=1200.0, handshake=3.0, farewell=1.0, stop=2.0
    )
    assert config.workers == 2
    assert config.log == Logging(path=tmp_path / "server.log", form=Form.TEXT, level=Level.DEBUG)
    assert config.control == Endpoint("127.0.0.1", 8025)
    assert config.metrics == Endpoint("0.0.0.0", 9100)


def test_relaying_is_read(tmp_path):
    relay = read_config(written(tmp_path, EVERYTHING)).relay
    assert relay is not None
    assert list(map(str, relay.networks)) == ["192.0.2.0/24", "2001:db8::1/128"]
    bob, mx1, mx2, smarthost = map(
        read_address,
        ["smtp://127.0.0.1:2526", "mx1.partner.test", "smtps://[::1]:465", "smarthost.test:587"],
    )
    assert relay.routes == (
        Route(domains=("bob.example",), hosts=(bob,), tls=Tls.OFF),
        Route(domains=(".partner.test",), hosts=(mx1, mx2), tls=Tls.REQUIRED),
        Route(domains=("*",), hosts=(smarthost,), tls=Tls.OFF),
    )
    assert relay.dns == Dns(servers=("127.0.0.1",), port=5353, trusts_ad=True, patience=2.0)
    assert relay.schedule == Schedule(pauses=(60.0, 300.0), warn_after=None, lifetime=172_800.0)
    assert (relay.messages_per_connection, relay.seconds_per_connection) == (5, 60.0)


SHORT = {
    "log: stderr": lambda it: it.log == Logging(path=None),
    "log: {level: warning}": lambda it: it.log == Logging(level=Level.WARNING),
    "tls: {self_signed: yes}": lambda it: it.tls_self_signed and it.key_pair is None,
    "metrics: 9100": lambda it: it.metrics == Endpoint("127.0.0.1", 9100),
    "relay: {dns: yes}": lambda it: it.relay.dns == Dns(),
    "relay: {dns: no}": lambda it: it.relay.dns is None,
    "users: people.yaml": lambda it: it.users_file.name == "people.yaml" and not it.users,
    "separator: ''": lambda it: it.separator == "",
    "limits: {rate: 0}": lambda it: it.allowance.rate == 0,
    "limits: {in_flight: 1GiB}": lambda it: it.allowance.in_flight == 1_073_741_824,
    "timeouts: {guess: 0s}": lambda it: it.patience.guess == 0,
    "timeouts: {guess: 3s}": lambda it: it.patience.guess == 3,
    "limits: {mails: 3, domains: 2, junk: 4}": lambda it: (
        it.limits == Limits(mails=3, domains=2, junk=4)
    ),
    "limits: {hold: 1h, deliver_by: 1m, chunk: 1MB}": lambda it: (
        it.limits == Limits(hold=3_600, deliver_by=60, chunk=1_000_000)
    ),
    "limits: {hold: 99999d}": lambda it: it.limits.hold == 999_999_999,
    "limits: {text_line: 998}": lambda it: it.limits.text_line == 998,
}


@pytest.mark.parametrize(("text", "holds"), SHORT.items(), ids=SHORT)
def test_short_forms(tmp_path, text, holds):
    assert holds(read_config(written(tmp_path, text)))


def test_one_file_may_hold_certificate_and_key(tmp_path):
    config = read_config(written(tmp_path, "tls: {certificate: both.pem}"))
    assert config.key_pair == KeyPair(tmp_path / "both.pem", tmp_path / "both.pem")


WRONG = {
    "domain: a_b": "1:9: 'a_b' is not a domain",
    "domian: a.test": "1:1: unknown key 'domian' (did you mean 'domain'?)",
    "listen: subnission://:25": "1:9: 'subnission://:25': unknown kind of door 'subnission' "
    "(did you mean 'submission'?)",
    "users: {../etc: x}": "1:9: '../etc' is no user's name: it is also that of a mailbox "
    "directory, so it holds neither blanks nor '/' and begins with none of '.', '*', '#'",
    "users: {alice: a, Alice: b}": "1:19: 'Alice' is 'alice' in other letters "
    "(which stands in line 1)",
    "users: {alice: [a]}": '1:16: a list where text is wanted (quote it: "[a]")',
    "aliases: {sales: [al ice]}": "1:19: 'al ice' is no address, nor a name here",
    "lists: {crew: {members: alice}}": "1:15: the list 'crew' has no 'owner'",
    "separator: plus": "1:12: 'separator' is one character, or '' for none",
    "voice: loud": "1:8: unknown voice 'loud' (there are: default, textbook)",
    "fault: no-unstaff": "1:8: there is no fault 'no-unstaff' (did you mean 'no-unstuff'?)",
    "tls: {}": "1:6: 'tls' wants either a certificate or `self_signed: yes`",
    "tls: {self_signed: yes, certificate: a}": "1:6: 'tls' wants either a certificate or "
    "`self_signed: yes`",
    "extensions: {8BITMINE: no}": "1:14: unknown key '8BITMINE' (did you mean '8BITMIME'?)",
    "limits: {message: big}": "1:19: 'big' is no size "
    "(such as 10KiB; units: B, KB, KiB, MB, MiB, GB, GiB)",
    "limits: {message: 0}": "1:19: 'message' must be at least 1",
    "limits: {errors: 0}": "1:18: 'errors' must be at least 1",
    "demand_tls: yes": "1:13: 'demand_tls' is met by nobody without 'tls'",
    "timeouts: {idle: 0s}": "1:18: 'idle' must be some time",
    "timeouts: {idle: 5}": "1:18: 'idle' must be a duration, not '5' (such as 5s, 200ms or 2m)",
    "workers: 0": "1:10: 'workers' must be at least 1",
    "log: {form: xml}": "1:13: unknown form 'xml' (there are: json, text)",
    "metrics: here": "1:10: 'here' is no port or host:port",
    "relay: {networks: 0.0.0.0/0}": "1:19: '0.0.0.0/0' would make an open relay: "
    "everybody could send through us",
    "relay: {networks: 192.0.2.1/24}": "1:19: '192.0.2.1/24' is no network: "
    "192.0.2.1/24 has host bits set",
    "relay: {routes: {a_b: x.test}}": "1:18: 'a_b' is no domain "
    "(example.net, .example.net for those below it, or *)",
    "relay: {routes: {b.test: smtp://}}": "1:26: 'smtp://': the host is missing",
    "relay: {routes: {b.test: {tls: off}}}": "1:26: the route 'b.test' has no 'hosts'",
    "relay: {dns: {servers: ns.test}}": "1:24: 'ns.test' is no IP address",
    "control: 0.0.0.0:8025": "1:10: '0.0.0.0:8025': the control port stays on loopback",
    "control: mail.test:8025": "1:10: 'mail.test:8025': the control port stays on loopback",
    "relay: {dns: maybe}": "1:14: unknown dns 'maybe' (there are: false, no, true, yes)",
    "relay: {schedule: {retry: 30}}": "1:27: 'retry' must be a duration, not '30' "
    "(such as 5s, 200ms or 2m)",
    "- a": "1:1: the configuration must be a mapping: `key: value` lines",
}


@pytest.mark.parametrize(("text", "complaint"), WRONG.items(), ids=WRONG)
def test_what_is_wrong_is_told_with_its_place(tmp_path, text, complaint):
    assert complaints_about(tmp_path, text) == [complaint]


def test_everything_that_is_wrong_is_told_at_once_even_what_stands_in_another_file(tmp_path):
    (tmp_path / "faults.yaml").write_text("faults: [{at: nowhere, reply: 451 later}]\n")
    text = "voice: loud\nfaults: faults.yaml\nlimits: {errors: x}\nusers: {'': a}\n"
    with pytest.raises(DocumentError) as caught:
        read_config(written(tmp_path, text))
    places = [(Path(one.at.path).name, one.at.line) for one in caught.value.complaints]
    assert places == [
        ("faults.yaml", 1),
        ("serve.yaml", 1),
        ("serve.yaml", 3),
        ("serve.yaml", 4),
    ]


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
