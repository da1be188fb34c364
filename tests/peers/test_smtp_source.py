"""smtp-source, Postfix's load tool, in each of its modes: nothing is lost and nothing changed."""

from __future__ import annotations

import pytest

from tests.peers.messages import EIGHT_BIT, as_file
from tests.peers.programs import run
from tests.peers.serving import ALICE, SENDER

pytestmark = pytest.mark.peer

MANY = "user@many.example.test"


def smtp_source(port: int, *words: str, to: str = ALICE, fails: bool = False) -> str:
    """What it said."""
    usual = ["-M", "client.example.test", "-f", SENDER, "-t", to]
    done = run("smtp-source", *usual, *words, f"127.0.0.1:{port}", fails=fails)
    return done.stdout + done.stderr


# mode -> its letters, messages, connections
MODES = {
    "a connection for each": (["-m", "20"], 20, 20),
    "the connection is kept": (["-m", "20", "-d"], 20, 1),
    "several at once": (["-m", "60", "-s", "10"], 60, 60),
    "several at once, kept": (["-m", "60", "-s", "10", "-d"], 60, 10),
}


@pytest.mark.parametrize(("letters", "messages", "connections"), MODES.values(), ids=MODES)
def test_every_message_arrives(recorder, mailbox, letters, messages, connections):
    smtp_source(recorder.port, *letters)
    arrived = mailbox.fresh()
    assert len({it.content for it in arrived}) == messages
    assert len(recorder.talks) == connections


def test_the_counter_counts_what_was_accepted(server, mailbox):
    assert smtp_source(server.port, "-c", "-m", "5").replace("\r", " ").split() == list("12345")
    assert len(mailbox.fresh()) == 5


def test_numbered_recipients_are_all_different(recorder, server):
    mailbox = server.mailbox("many")
    smtp_source(recorder.port, "-N", "-m", "10", "-s", "2", to=MANY)
    assert {it.received.partition("for <")[2].partition(">")[0] for it in mailbox.fresh()} == {
        f"{n}{MANY}" for n in range(1, 11)
    }


@pytest.mark.parametrize("numbered", [[], ["-N"]], ids=["same", "numbered"])
def test_recipients_of_one_transaction_get_one_message(recorder, server, numbered):
    mailbox = server.mailbox("many")
    smtp_source(recorder.port, *numbered, "-r", "100", to=MANY)
    (talk,) = recorder.talks
    assert sum(line.startswith("RCPT TO:") for line in talk.commands) == 100
    assert b"La de da" in mailbox.only().content


@pytest.mark.parametrize("size", [1, 79, 80, 1_024, 65_536, 1_000_000])
def test_a_payload_of_any_size_arrives_whole(server, mailbox, size):
    smtp_source(server.port, "-l", str(size))
    header, _, payload = mailbox.only().content.partition(b"\r\n\r\n")
    assert header.startswith(b"From: ")
    assert len(payload) == size + len(b"\r\n")
    assert set(payload) <= set(b"0123456789X\r\n")


def test_a_file_arrives_octet_for_octet(server, mailbox, tmp_path):
    file = tmp_path / "message.eml"
    file.write_bytes(as_file(EIGHT_BIT))
    smtp_source(server.port, "-F", str(file), "-m", "3", "-d")
    assert [it.content for it in mailbox.fresh()] == [
        EIGHT_BIT + b"\r\n"
    ] * 3  # the empty line is its own


def test_who_says_no_helo_is_told_so(server, mailbox):
    # RFC 5321 4.1.4: a client must say EHLO or HELO before it sends mail.
    assert "sender rejected: 503" in smtp_source(server.port, "-o", fails=True)
    assert mailbox.fresh() == []


def test_the_dialogue_is_shown(server):
    shown = smtp_source(server.port, "-v", "-S", "a subject")
    assert "<<< 250 2.0.0 Message accepted for delivery as" in shown
    assert "<<< 221 2.0.0 example.test closing connection" in shown
