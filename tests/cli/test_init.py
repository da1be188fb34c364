from __future__ import annotations

import socket
import threading
from contextlib import contextmanager

import pytest

from harness.cli.embedded import embedded
from harness.target import read_target


@contextmanager
def scripted(answers, greeting="220 mail.odd.test ready"):
    """A server that answers by the first word of a command that fits; the rest is 250."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener, answers, greeting))
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


def serve(listener, answers, greeting):
    connection, _ = listener.accept()
    with connection, connection.makefile("rwb") as wire:
        wire.write(f"{greeting}\r\n".encode())
        wire.flush()
        for line in wire:
            text = line.decode().strip()
            words = (answer for word, answer in answers.items() if text.startswith(word))
            wire.write(f"{next(words, '250 mail.odd.test')}\r\n".encode())
            wire.flush()


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_what_a_server_takes_is_written_down(invoke, server, tmp_path):
    done = invoke("init", server.address.endpoint, "--to", "alice@example.test")

    assert done.exit_code == 0, done.output
    assert "it takes mail for: alice@example.test" in done.output
    target = read_target("./target.yaml")
    assert target.recipients == ("alice@example.test",)
    assert target.unknown_recipient == "no-such-user-7f3a@example.test"
    assert target.foreign_recipient == "someone@elsewhere.test"
    assert not target.tls.verify
    assert invoke("lint", "target.yaml").exit_code == 0


def test_without_a_recipient_there_is_the_postmaster(invoke, server):
    invoke("init", server.address.endpoint)

    assert read_target("./target.yaml").recipients == ("postmaster",)


def test_a_file_that_is_there_stays(invoke, server, tmp_path):
    (tmp_path / "target.yaml").write_text("mine")

    done = invoke("init", server.address.endpoint)

    assert done.exit_code == 2
    assert "--force" in done.output
    assert (tmp_path / "target.yaml").read_text() == "mine"
    assert invoke("init", server.address.endpoint, "--force").exit_code == 0
    assert invoke("init", server.address.endpoint, "-o", "other-target.yaml").exit_code == 0


def test_a_folder_that_is_not_there_is_told_before_the_probe(invoke):
    done = invoke("init", "127.0.0.1:1", "-o", "nowhere/target.yaml")

    assert done.exit_code == 2
    assert "there is no directory" in done.output


def test_a_server_that_is_not_there_is_no_mistake_of_the_users(invoke):
    done = invoke("init", "127.0.0.1:1")

    assert done.exit_code == 3
    assert "127.0.0.1:1: nobody listens there" in done.output


# what the server answers -> what the file says
ODD = {
    "a recipient refused": (
        {"RCPT": "550 5.1.1 \x1b[31mno"},
        ["# postmaster was refused: 550 5.1.1 \\x1B[31mno", "# recipients: ["],
    ),
    "a name that is none": (
        {"EHLO": "250 a\x1b'>x", "RCPT": "550 no"},
        ["# unknown_recipient: nobody@example.test"],
    ),
    "log-in demanded": ({"MAIL": "530 5.7.0 log in"}, ["always: [auth]", "\nlogin: {user"]),
    "anybody taken": (
        {},
        ["# unknown_recipient:", "# The next was taken", "\nforeign_recipient: "],
    ),
    "HELO alone": ({"EHLO": "500 what"}, ["# Offers: nothing"]),
    "no TLS after all": (
        {"EHLO": "250-mail.odd.test\r\n250 STARTTLS", "STARTTLS": "454 not now"},
        ["# TLS: STARTTLS was answered 454 not now"],
    ),
    "TLS demanded and not there": (
        {
            "EHLO": "250-mail.odd.test\r\n250 STARTTLS",
            "MAIL": "530 5.7.0 STARTTLS first",
            "STARTTLS": "454 not now",
        },
        ["always: [tls]", "# foreign_recipient: someone@elsewhere.test"],
    ),
    "an unknown user refused for the parent domain alone": (
        {"RCPT TO:<no-such-user-7f3a@odd.test>": "550 no"},
        ["unknown_recipient: no-such-user-7f3a@odd.test"],
    ),
}


@pytest.mark.parametrize(("answers", "said"), ODD.values(), ids=ODD)
def test_an_odd_server_is_described_as_it_is(invoke, answers, said):
    with scripted(answers) as port:
        done = invoke("init", f"127.0.0.1:{port}", "--timeout", "2s")

    assert done.exit_code == 0, done.output
    with open("target.yaml") as file:
        text = file.read()
    for words in said:
        assert words in text
    read_target("./target.yaml")
    assert "\x1b" not in done.output


def test_a_server_that_refuses_everybody_is_told_as_it_is(invoke):
    with scripted({}, greeting="554 go away") as port:
        done = invoke("init", f"127.0.0.1:{port}")

    assert done.exit_code == 3
    assert "greeting: 554 go away" in done.output


def test_a_server_that_knows_no_hello_is_told_as_it_is(invoke):
    with scripted({"EHLO": "500 no", "HELO": "500 no"}) as port:
        done = invoke("init", f"127.0.0.1:{port}")

    assert done.exit_code == 3
    assert "HELO: 500 no" in done.output


@pytest.mark.slow
def test_tls_on_connection_is_looked_at_first(invoke, server):
    done = invoke("init", f"smtps://{server.address.endpoint}", "--timeout", "1s")

    assert done.exit_code == 3
    assert "plain text" in done.output
    with embedded():
        pass
