"""Targets: every way to name one, and what is said about a wrong one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.documents import DocumentError
from harness.errors import UsageError
from harness.target import (
    Address,
    Login,
    Relay,
    Scheme,
    Secret,
    Target,
    Timeouts,
    TlsPolicy,
    read_login,
    read_target,
    with_options,
)
from harness.target.command import Script, without_words
from harness.target.delivery import read_delivery, read_server, shown

FULL = """\
address: smtp://127.0.0.1:2501
listeners: {submission: submission://127.0.0.1:2587, lmtp: lmtp://127.0.0.1:2524}
our_name: client.example.test
domain: example.test
sender: sender@client.example.test
recipients: [alice@example.test, bob@example.test]
many: user{n}@many.example.test
unknown_recipient: nobody@example.test
foreign_recipient: someone@elsewhere.test
alias: team@example.test
mailing_list: list@example.test
login: {user: alice, password_env: TARGET_PASSWORD}
tls: {ca: cert.pem, server_name: localhost}
delivery: {alice@example.test: maildir:/a, bob@example.test: maildir:b}
relay: {recipient: x@relay.test, next_hop: 127.0.0.1:2600, bounce: bob@example.test}
always: [tls]
timeouts: {greeting: 10s, reply: 200ms, delivery: 2m}
known: known.yaml
mine: [mail.example.org]
queue: mailq -n
start: ./up
stop: ./down
"""


def test_a_bare_target_sends_to_postmaster():
    target = read_target("127.0.0.1:2525")

    assert target.address == Address("127.0.0.1", 2525)
    assert target.recipients == ("postmaster",)
    assert target.arguments == ("127.0.0.1:2525",)
    assert (target.unknown_recipient, target.domain, target.delivery) == (None, None, {})
    assert target.is_ours


def test_a_user_in_the_address_logs_in_with_the_password_from_the_environment():
    assert read_target("submission://alice@mail.test").login == Login(
        "alice", Secret(env="SMTP_HARNESS_PASSWORD")
    )


def test_a_file_may_name_its_target(tmp_path):
    path = tmp_path / "target.yaml"
    path.write_text("address: 127.0.0.1\nname: Postfix, as we run it\n")

    assert read_target(str(path)).name == "Postfix, as we run it"


def test_a_file_is_read_whole(tmp_path):
    path = tmp_path / "target.yaml"
    path.write_text(FULL)

    assert read_target(str(path)) == Target(
        address=Address("127.0.0.1", 2501),
        name=tmp_path.name,
        listeners={
            "submission": Address("127.0.0.1", 2587, Scheme.SUBMISSION),
            "lmtp": Address("127.0.0.1", 2524, Scheme.LMTP),
        },
        our_name="client.example.test",
        domain="example.test",
        sender="sender@client.example.test",
        recipients=("alice@example.test", "bob@example.test"),
        many="user{n}@many.example.test",
        unknown_recipient="nobody@example.test",
        foreign_recipient="someone@elsewhere.test",
        alias="team@example.test",
        mailing_list="list@example.test",
        login=Login("alice", Secret(env="TARGET_PASSWORD")),
        tls=TlsPolicy(ca=tmp_path / "cert.pem", server_name="localhost"),
        delivery={
            "alice@example.test": "maildir:/a",
            "bob@example.test": f"maildir:{tmp_path}/b",
        },
        relay=Relay(
            recipient="x@relay.test",
            next_hop=Address("127.0.0.1", 2600),
            bounce="bob@example.test",
        ),
        always=frozenset({"tls"}),
        timeouts=Timeouts(greeting=10.0, reply=0.2, delivery=120.0),
        known=tmp_path / "known.yaml",
        mine=("mail.example.org",),
        queue="mailq -n",
        start=Script("./up", f"{path}:{FULL.splitlines().index('start: ./up') + 1}"),
        stop=Script("./down", f"{path}:{FULL.splitlines().index('stop: ./down') + 1}"),
        directory=tmp_path,
        arguments=(str(path),),
    )


def read_text(tmp_path: Path, text: str) -> Target:
    path = tmp_path / "target.yaml"
    path.write_text(text)
    return read_target(str(path))


def test_a_file_may_say_little(tmp_path):
    target = read_text(tmp_path, "address: submission://alice@mail.test\ndelivery: maildir:in\n")

    assert target.login == Login("alice", Secret(env="SMTP_HARNESS_PASSWORD"))
    assert target.delivery_of("anyone@example.test") == f"maildir:{tmp_path}/in"
    assert target.timeouts == Timeouts()
    assert not target.is_ours


@pytest.mark.parametrize(
    ("mine", "is_ours"), [("", False), ("mine: [MX.a.test]\n", True), ("mine: [b.test]\n", False)]
)
def test_a_target_is_ours_if_all_its_listeners_are(tmp_path, mine, is_ours):
    listeners = "listeners: {lmtp: 'lmtp://[::1]', submission: 'submission://mx.A.test'}\n"

    target = read_text(tmp_path, f"address: localhost\n{listeners}{mine}")

    assert target.is_ours is is_ours
    assert target.owns(target.address)


def test_the_domain_is_that_of_the_first_recipient_unless_told(tmp_path):
    assert read_text(tmp_path, "address: a.test\nrecipients: <bob@b.test>\n").domain == "b.test"
    assert read_text(tmp_path, "address: a.test\nrecipients: postmaster\n").domain is None


def test_sections_of_a_file_have_defaults_of_their_own(tmp_path):
    target = read_text(
        tmp_path,
        "address: a.test\nlogin: {user: bob, password_file: secret}\ntls: {verify: false}\n"
        "timeouts: {reply: 1s}\nrelay: {recipient: x@y.test}\nsender: <>\n",
    )

    assert target.login == Login("bob", Secret(file=tmp_path / "secret"))
    assert target.tls == TlsPolicy(verify=False)
    assert target.timeouts == Timeouts(reply=1.0)
    assert target.relay == Relay(recipient="x@y.test")
    assert target.sender == ""


MISTAKES = {
    "adress: a.test": ["unknown key 'adress' (did you mean 'address'?)"],
    "address: 'a test'": ["'a test' is no host name"],
    "address: a\nlisteners: {smtpx: a}": ["unknown listener 'smtpx' (did you mean 'smtp'?)"],
    "address: a\nlisteners: {smtps: 'a:b'}": ["'b' is no port"],
    "address: a\nrecipients: [a b, 'c>d']": ["'a b' is no mailbox", "'c>d' is no mailbox"],
    "address: a\nmany: all@b.test": ["'many' must hold {n}"],
    "address: a\nlogin: {user: a, password: b}": ["a password has no place in a target file"],
    "address: a\nlogin: {password_env: b}": ["has no 'user'"],
    "address: a\ndelivery: /var/mail": ["'/var/mail' is no URL such as maildir:"],
    "address: a\ndelivery: nntp://x": ["cannot read 'nntp' (there are: maildir, mbox, mboxrd, dir"],
    "address: a\ndelivery: a@b=maildir:/x": ["several deliveries are a mapping"],
    "address: a\ndelivery: pop3://alice:geheim@x": ["names no source of a password"],
    "address: a\ndelivery: imap://x": ["whose mailbox? imap://USER@x:143"],
    "address: a\ndelivery: imap:alice@x": ["such a URL is imap://"],
    "address: a\ndelivery: imaps://alice@x:y": ["'y' is no port"],
    "address: a\ndelivery: sink:nntp://x": ["unknown scheme 'nntp'"],
    "address: a\ndelivery: 'command:a \"b'": ["no closing quotation"],
    "address: a\nqueue: ''": ["there is no command"],
    "address: a\nqueue: 'a \"b'": ["no closing quotation"],
    "address: a\ndelivery: {a@b: nowhere}": ["'nowhere' is no URL"],
    "address: a\nrelay: {bounce: a@b}": ["has no 'recipient'"],
    "address: a\nalways: [tls, spf]": ["unknown word for 'always' 'spf'"],
    "address: a\ntimeouts: {reply: soon}": ["'reply' must be a duration, not 'soon'"],
    "- a": ["the target must be a mapping"],
}


@pytest.mark.parametrize("text", MISTAKES)
def test_every_mistake_in_a_file_is_told_with_its_place(tmp_path, text):
    with pytest.raises(DocumentError) as refusal:
        read_text(tmp_path, text)

    told = str(refusal.value)
    assert "target.yaml:" in told
    assert all(words in told for words in MISTAKES[text]), told


WITH_SECRETS = [
    'delivery: "command:fetch -p geheim \'x"',
    'delivery: {a@b.test: "command:fetch -p geheim \'x"}',
    "delivery: {a@b.test: [command:fetch -p geheim]}",
    "delivery: commond:fetch -p geheim",
    "delivery: imap://alice:geheim@x",
    "delivery: [command:fetch -p geheim]",
    'queue: "mailq -p geheim \'x"',
    "start: [run -p geheim]",
    "stop: {run -p geheim: x}",
    "stop: run ${NOWHERE} geheim",
    "strt: run -p geheim",
]


@pytest.mark.parametrize("line", WITH_SECRETS)
def test_a_mistake_in_what_may_hold_a_password_is_told_without_the_line(
    tmp_path, monkeypatch, line
):
    monkeypatch.delenv("NOWHERE", raising=False)
    with pytest.raises(DocumentError) as refusal:
        read_text(tmp_path, f"address: a.test\n{line}\n")

    assert "target.yaml:2:" in str(refusal.value)
    assert "geheim" not in str(refusal.value)


def test_a_mistake_elsewhere_is_told_with_its_line(tmp_path):
    with pytest.raises(DocumentError, match=r"\| mine: \{a: b\}"):
        read_text(tmp_path, "address: a.test\nmine: {a: b}\nstart: ./up\n")


def test_a_list_is_no_target(tmp_path):
    with pytest.raises(DocumentError, match="must be a mapping"):
        read_text(tmp_path, "[start, stop]")


def test_a_missing_file_is_a_usage_error():
    with pytest.raises(UsageError, match=r"no such file[\s\S]*nowhere\.yaml"):
        read_target("nowhere.yaml")


def test_a_syntax_error_in_a_file_is_told(tmp_path):
    with pytest.raises(DocumentError):
        read_text(tmp_path, "address: [")


def test_options_stand_in_for_a_file():
    target = with_options(
        read_target("mail.test"),
        to=["<alice@example.test>", "bob@example.test"],
        sender="<>",
        unknown="nobody@example.test",
        login="alice:env:PW",
        delivery=["maildir:/all", "bob@example.test=maildir:/b"],
        timeout="2m",
        insecure=True,
        mine=["mail.test"],
    )

    assert target.recipients == ("alice@example.test", "bob@example.test")
    assert target.domain == "example.test"
    assert target.sender == ""
    assert target.unknown_recipient == "nobody@example.test"
    assert target.login == Login("alice", Secret(env="PW"))
    assert target.delivery_of("BOB@example.test") == "maildir:/b"
    assert target.delivery_of("carol@example.test") == "maildir:/all"
    assert target.timeouts == Timeouts(greeting=120, reply=120, delivery=120)
    assert not target.tls.verify
    assert target.is_ours


def test_options_are_remembered_as_words_for_a_replay():
    given = {"to": ["a@b.test"], "timeout": "1s", "insecure": True, "mine": ["m"]}

    assert with_options(read_target("m"), **given).arguments == (
        *("m", "--to", "a@b.test", "--timeout", "1s", "--mine", "m", "--insecure"),
    )


def test_without_options_a_target_stays_what_it_is():
    assert with_options(read_target("mail.test")) == read_target("mail.test")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"to": ["a b"]}, "--to: 'a b' is no mailbox"),
        ({"to": [""]}, "--to: '' is no mailbox"),
        ({"timeout": "5"}, "--timeout must be a duration"),
        ({"timeout": "0s"}, "--timeout must be a duration"),
        ({"delivery": ["here"]}, "'here' is no URL"),
        ({"login": ":env:X"}, "names no user"),
    ],
)
def test_wrong_options_are_usage_errors(options, words):
    with pytest.raises(UsageError, match=words):
        with_options(read_target("mail.test"), **options)


def test_quoted_local_parts_are_mailboxes():
    assert with_options(read_target("a"), to=['"a b"@c.test']).recipient == '"a b"@c.test'


def test_a_listener_is_found_by_its_name():
    smtps = Address("mail.test", 465, Scheme.SMTPS)
    target = Target(address=Address("mail.test", 25), listeners={"smtps": smtps})

    assert target.listener(None) == target.listener("smtp") == target.address
    assert target.listener("smtps") == smtps
    assert target.listener("lmtp") is None


def test_a_secret_is_never_shown(monkeypatch):
    monkeypatch.setitem(os.environ, "PW", "geheim")
    secrets = [Secret(env="PW"), Secret(text="geheim")]

    for secret in secrets:
        assert secret.reveal() == "geheim"
        assert "geheim" not in f"{secret} {secret!r} {Login('alice', secret)!r}"


def test_a_secret_is_the_first_line_of_its_file(tmp_path):
    path = tmp_path / "secret"
    path.write_bytes("pässword\r\nsecond".encode())

    assert Secret(file=path).reveal() == "pässword"


def test_a_missing_secret_is_an_error_for_who_needs_it(tmp_path):
    (tmp_path / "latin").write_bytes(b"\xff")

    with pytest.raises(UsageError, match="environment variable NO_SUCH_VARIABLE"):
        Secret(env="NO_SUCH_VARIABLE").reveal()
    with pytest.raises(UsageError, match=r"the password file .*gone: No such file"):
        Secret(file=tmp_path / "gone").reveal()
    with pytest.raises(UsageError, match="is not UTF-8"):
        Secret(file=tmp_path / "latin").reveal()


def test_a_login_names_where_its_password_is():
    assert read_login("alice") == Login("alice", Secret(env="SMTP_HARNESS_PASSWORD"))
    assert read_login("alice:file:/a:b") == Login("alice", Secret(file=Path("/a:b")))


def test_a_password_on_the_command_line_is_refused_without_repeating_it():
    with pytest.raises(UsageError) as refusal:
        read_login("alice:geheim")

    assert "geheim" not in str(refusal.value)
    assert "never the password itself" in str(refusal.value)


VARIABLES = {
    "set": ("${HERE}/mail", "/srv/mail"),
    "set, and not needing its default": ("${HERE:-/elsewhere}/mail", "/srv/mail"),
    "not set, with a default": ("${NOWHERE:-/home/mail}", "/home/mail"),
    "empty, with a default": ("${EMPTY:-/home/mail}", "/home/mail"),
    "several": ("${HERE}${HERE}", "/srv/srv"),
    "no variable": ("/$HERE/{n}/$", "/$HERE/{n}/$"),
}


@pytest.mark.parametrize(("written", "path"), VARIABLES.values(), ids=VARIABLES)
def test_a_target_file_takes_values_from_the_environment(
    written: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERE", "/srv")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.delenv("NOWHERE", raising=False)
    file = tmp_path / "target.yaml"
    file.write_text(f"address: localhost\nmine: ['{written}']\ndelivery: maildir:{written}\n")

    target = read_target(str(file))

    assert target.mine == (path,)
    assert target.delivery == {"": f"maildir:{path}"}


def test_a_variable_that_is_not_set_is_complained_of_where_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOWHERE", raising=False)
    file = tmp_path / "target.yaml"
    file.write_text("address: localhost\ndelivery: {alice@x.test: 'maildir:/a/${NOWHERE}'}\n")

    with pytest.raises(DocumentError) as caught:
        read_target(str(file))

    (complaint,) = caught.value.complaints
    assert "NOWHERE is not set" in complaint.message
    assert (complaint.at.line, complaint.at.column) == (2, 38)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("maildir:in", "maildir:/home/in"),
        ("mbox:/var/mail/{local}", "mbox:/var/mail/{local}"),
        ("MBOXRD:in", "mboxrd:/home/in"),
        ("dir:in/{recipient}", "dir:/home/in/{recipient}"),
        ("pop3://alice:env:PW@mail.test", "pop3://alice:env:PW@mail.test"),
        ("imaps://{recipient}:env:PW@[::1]:993/Sent", "imaps://{recipient}:env:PW@[::1]:993/Sent"),
        ("sink:127.0.0.1:2600", "sink:smtp://127.0.0.1:2600"),
        ("sink:lmtp://127.0.0.1:2600", "sink:lmtp://127.0.0.1:2600"),
        ("command:fetch a@b=c", "command:fetch a@b=c"),
    ],
)
def test_a_delivery_is_checked_and_made_whole(written, read):
    assert read_delivery(written, Path("/home")) == ("", read)
    assert read_delivery(f"bob@b.test={written}", Path("/home")) == ("bob@b.test", read)


def test_a_mail_server_says_whose_mail_and_where_the_password_is():
    server = read_server("imap://a@b.test:file:secret/it@mail.test/Sent", Path("/home"))
    assert (server.address.port, server.folder) == (143, "Sent")
    assert server.login == Login("a@b.test", Secret(file=Path("/home/secret/it")))
    assert read_server("pop3s://a@mail.test").has_source is False


@pytest.mark.parametrize(
    "url",
    [
        "pop3://alice:geheim@mail.test",
        "pop3//alice:geheim@mail.test",
        "nntp geheim",
        "command:fetch -p 'geheim",
        "command: 'geheim",
    ],
)
def test_a_password_in_a_delivery_is_refused_and_not_shown(url):
    with pytest.raises(UsageError) as caught:
        read_delivery(url)
    assert "geheim" not in str(caught.value)


def test_of_a_command_its_name_is_shown():
    assert shown("command:/usr/bin/fetch -p geheim") == "command:/usr/bin/fetch"
    assert shown("maildir:/srv/mail") == "maildir:/srv/mail"


SAID = {  # what a command says -> what is shown of it
    "login failed for geheim": "login failed for ***",
    "no option --secret=geheim": "no option --secret=***",
    "no such file: /etc/fetch.rc": "no such file: /etc/fetch.rc",
    "user ann is unknown, geheimer too": "user ann is unknown, *** too",
}


@pytest.mark.parametrize(("said", "told"), SAID.items())
def test_what_a_command_says_of_its_words_is_not_shown(said, told):
    words = ["fetch", "--secret=geheim", "geheimer", "/etc/fetch.rc", "-u", "ann"]
    assert without_words(said, words) == told


SCRIPTS = {  # what a shell is given -> what of it is told
    "./run --password geheim": "./run",
    "/opt/mail server/run geheim": "/opt/mail",
    "echo geheim; exit 3": "echo",
    "true": "true",
    "cd /srv&&./run geheim": "cd",
    "run;geheim": "run",
    "run>geheim": "run",
    "\n  run \\\n geheim\n": "run",
    "PASSWORD=geheim ./run": "./run",
    "A=1 PASSWORD='ge heim' B=\"geheim $A\" C=ge\\ heim D=$HOME/geheim exec ./run geheim": "./run",
    "PASSWORD= ./run geheim": "./run",
    "PASSWORD=$(echo geheim) ./run": "the command",
    "PASSWORD=\"$(echo 'geheim geheim')\" ./run": "the command",
    "PASSWORD=${OTHER:=ge heim x} ./run": "the command",
    "PASSWORD=$'it\\'s geheim x' ./run": "the command",
    "PASSWORD=`echo geheim` ./run": "the command",
    "PASSWORD=geheim;./run": "the command",
    "PASSWORD=geheim\n./run": "the command",
    "PASSWORD=geheim": "the command",
    "PASSWORD='ge heim": "the command",
    "'ge heim' x": "the command",
    "run'geheim'": "the command",
    "run$(geheim)": "the command",
    "(geheim)": "the command",
    "# geheim\n./run": "the command",
    "$GEHEIM": "the command",
    "exec -a geheim run": "the command",
    "A=" * 5_000 + "'": "the command",
    "A=a" * 5_000 + " '": "the command",
    "A=a " * 5_000 + "'": "the command",
}


@pytest.mark.parametrize(("text", "told"), SCRIPTS.items(), ids=lambda text: text[:40])
def test_of_a_script_the_name_of_its_program_is_told(text, told):
    script = Script(text, "target.yaml:7")

    assert str(script) == f"target.yaml:7: {told}"
    assert "geheim" not in repr(script)
