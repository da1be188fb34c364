import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.documents import DocumentError, MappingNode, Node, load
from harness.protocol.receiver import Limits
from harness.target import read_address
from reference_server.configuration import (
    Config,
    KeyPair,
    make_server,
    read_config,
)
from reference_server.configuration.relaying import Dns
from reference_server.doors.door import Door, Endpoint, Kind
from reference_server.doors.limits import Allowance
from reference_server.intake.directory import Alias, MailingList
from reference_server.relay.routes import Route, Tls
from reference_server.relay.schedule import Schedule
from reference_server.server import Patience
from reference_server.watching.log import Form, Level, Logging
from tests.reference_server.configuration.written import EVERYTHING, complaints_about, written

DOCS = Path(__file__).parents[3] / "docs" / "serve.md"


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
    assert not config.tells_postmaster
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
