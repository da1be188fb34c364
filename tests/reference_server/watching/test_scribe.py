"""What a session leaves in the log, and what it never leaves there."""

import base64
import json
import random
import re
import ssl
from pathlib import Path

import pytest
import trio
import trio.testing

from harness.protocol.receiver import Limits
from harness.protocol.services import Service
from reference_server.doors.door import Door, Kind
from reference_server.doors.listener import serve
from reference_server.server import Patience
from reference_server.watching.log import Form, Level, Logging
from reference_server.watching.scribe import RECIPIENTS
from tests.reference_server.connecting import Client, connected, server_in

PASSWORD = "Wonderland-4711"


def logging_server(spool: Path, level: Level = Level.INFO, form: Form = Form.JSON, **changed):
    log = Logging(path=spool / "log", level=level, form=form)
    return server_in(spool, log=log, users={"alice": PASSWORD, "bob": None}, **changed)


def told(spool: Path) -> list[dict]:
    return [json.loads(line) for line in (spool / "log").read_text().splitlines()]


def events(spool: Path) -> list[str]:
    return [line["event"] for line in told(spool)]


async def test_a_session_is_told_from_greeting_to_quit(tmp_path):
    async with connected(logging_server(tmp_path)) as client:
        said = await client.send("alice@example.test", b"Subject: hi\r\n\r\n")
        await client.say(b"QUIT\r\n")
    opened, accepted, closed = told(tmp_path)
    assert (opened["event"], closed["event"]) == ("session-opened", "session-closed")
    assert (opened["peer"], opened["door"]) == ("127.0.0.1", "smtp://127.0.0.1:0")
    assert opened["session"] == accepted["session"] == closed["session"] != ""
    assert accepted["event"] == "message-accepted"
    assert accepted["helo"] == "c.test"
    assert accepted["sender"] == "sender@c.test"
    assert accepted["recipients"] == ["alice@example.test"]
    assert accepted["reply"] == said.decode()
    assert accepted["size"] > len("Subject: hi\r\n\r\n") - 1
    assert 0 <= accepted["seconds"] <= closed["seconds"]
    assert (closed["because"], closed["messages"]) == ("QUIT", 1)


def test_who_is_watched_obeys_the_rules_of_everybody_and_no_copy_of_them(tmp_path):
    server = logging_server(tmp_path)
    desk = server.desks[Service.SMTP]
    make = server.receiver("127.0.0.1", Door(Kind.SMTP, "127.0.0.1", 25))
    assert make(desk.rules, speech=desk.speech)._rules is desk.rules


async def test_two_sessions_have_two_ids(tmp_path):
    server = logging_server(tmp_path)
    for _ in range(2):
        async with connected(server):
            pass
    assert len({line["session"] for line in told(tmp_path)}) == 2
    assert {line["because"] for line in told(tmp_path)[1::2]} == {"the client left"}


async def test_what_is_refused_is_told(tmp_path):
    limits = Limits(message=20)
    async with connected(logging_server(tmp_path, limits=limits)) as client:
        await client.send("nobody@example.test", b"")
        await client.send("alice@example.test", b"x" * 30 + b"\r\n")
    _, recipient, message, _ = told(tmp_path)
    assert recipient["event"] == "recipient-refused"
    assert recipient["recipient"] == "nobody@example.test"
    assert recipient["reply"] == "550 5.1.1 No such user here"
    assert message["event"] == "message-refused"
    assert message["reply"].startswith("552 5.3.4 ")


async def test_many_recipients_are_counted_not_named(tmp_path):
    async with connected(logging_server(tmp_path)) as client:
        await client.say(b"EHLO c.test\r\nMAIL FROM:<>\r\n")
        await client.reply()
        for n in range(RECIPIENTS + 5):
            await client.say(b"RCPT TO:<u%d@many.example.test>\r\n" % n)
        await client.say(b"DATA\r\n")
        await client.say(b"\r\n.\r\n")
    (accepted,) = [line for line in told(tmp_path) if line["event"] == "message-accepted"]
    assert len(accepted["recipients"]) == RECIPIENTS
    assert accepted["others"] == 5


async def test_a_last_word_is_told_with_its_reason_and_holds_the_session(tmp_path, autojump_clock):
    async with connected(logging_server(tmp_path)) as client:
        said = await client.reply()
    opened, dismissed, closed = told(tmp_path)
    assert dismissed["event"] == "dismissed"
    assert dismissed["because"] == closed["because"] == "idle"
    assert dismissed["reply"] == "421 4.4.2"
    assert said.endswith(f" [{opened['session']}]".encode())


async def test_too_many_errors_are_told_after_the_last_of_them(tmp_path):
    server = logging_server(tmp_path, Level.DEBUG, limits=Limits(errors=2))
    async with connected(server) as client:
        await client.say(b"XYZ\r\n")
        await client.say(b"XYZ\r\n")
        assert (await client.reply()).startswith(b"421")
    assert events(tmp_path) == [
        "session-opened",
        "objected",
        "objected",
        "dismissed",
        "session-closed",
    ]


async def test_a_command_that_is_refused_is_told_by_its_verb_alone(tmp_path):
    async with connected(logging_server(tmp_path, Level.DEBUG)) as client:
        for line in (b"XYZ a", b"RCPT TO:<a>", b"EHLO", b"mail from", b"AUTH PLAIN", b"BDAT x"):
            await client.say(line + b"\r\n")
    lines = [line for line in told(tmp_path) if line["event"] == "objected"]
    verbs = [line.get("verb") for line in lines]
    assert verbs == [None, "RCPT", "EHLO", "MAIL", "AUTH", "BDAT"]
    assert {line["reply"].split()[0] for line in lines} <= {"500", "501", "502", "503", "530"}


async def test_only_replies_that_somebody_may_ask_about_hold_the_session(tmp_path):
    async with connected(logging_server(tmp_path)) as client:
        for command in (b"EHLO c.test\r\n", b"NOOP\r\n", b"RCPT\r\n", b"XYZ\r\n"):
            assert b"[" not in await client.say(command)


# --- TLS and logging in --------------------------------------------------------------------------


def trusting(spool: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(spool / "cert.pem"))


async def test_handshakes_and_log_ins_are_told(tmp_path):
    server = logging_server(tmp_path, tls_self_signed=True)
    async with connected(server) as client:
        await client.say(b"EHLO c.test\r\n")
        await client.say(b"STARTTLS\r\n")
        inside = Client(
            trio.SSLStream(client.stream, trusting(tmp_path), server_hostname="localhost")
        )
        await inside.say(b"EHLO c.test\r\n")
        await inside.say(b"AUTH PLAIN " + plain("wrong") + b"\r\n")
        await inside.say(b"AUTH PLAIN " + plain(PASSWORD) + b"\r\n")
    opened, tls, failed, login, _ = told(tmp_path)
    assert (tls["event"], tls["version"]) == ("tls", "TLSv1.3")
    assert tls["session"] == opened["session"]
    assert (failed["event"], failed["mechanism"]) == ("login-failed", "PLAIN")
    assert failed["reply"] == "535 5.7.8"
    assert "user" not in failed
    assert (login["event"], login["user"]) == ("login", "alice")


@pytest.mark.parametrize(
    ("sent", "problem"), [(b"EHLO c.test\r\n", "wrong version number"), (b"", "it took too long")]
)
async def test_a_handshake_that_fails_is_told_before_there_is_a_session(
    tmp_path, autojump_clock, sent, problem
):
    ours, theirs = trio.testing.memory_stream_pair()
    server = logging_server(tmp_path, tls_self_signed=True)
    async with trio.open_nursery() as tasks:
        tasks.start_soon(serve, server, theirs, "192.0.2.7", Door(Kind.SMTPS))
        await ours.send_all(sent)
        await tasks.start(until_closed, ours)
    (line,) = told(tmp_path)
    assert (line["event"], line["peer"], line["door"]) == (
        "tls-failed",
        "192.0.2.7",
        "smtps://127.0.0.1:0",
    )
    assert line["problem"] == problem
    assert "session" not in line


async def until_closed(stream, task_status):
    while await stream.receive_some():
        pass
    task_status.started()


def plain(password: str) -> bytes:
    return base64.b64encode(f"\0alice\0{password}".encode())


# --- secrets -------------------------------------------------------------------------------------

ENCODED = base64.b64encode(PASSWORD.encode())
# Whatever a client may send where a password can stand, right, wrong or broken off.
PIECES = [
    b"EHLO c.test\r\n",
    b"HELO c.test\r\n",
    b"AUTH PLAIN " + plain(PASSWORD) + b"\r\n",
    b"auth plain " + plain(PASSWORD) + b" \r\n",
    b"AUTH PLAIN=" + plain(PASSWORD) + b"\r\n",
    b"AUTH  PLAIN  " + plain(PASSWORD) + b"\r\n",
    b"AUTH PLAIN " + plain(PASSWORD)[:-3] + b"\r\n",
    b"AUTH PLAIN " + plain(PASSWORD) + b"\n",
    b"AUTH PLAIN\r\n",
    b"AUTH LOGIN\r\n",
    b"AUTH LOGIN " + base64.b64encode(b"alice") + b"\r\n",
    b"AUTH " + PASSWORD.encode() + b"\r\n",
    b"AUTH CRAM-MD5\r\n",
    b"AUTH SCRAM-SHA-256 " + ENCODED + b"\r\n",
    b"AUTHPLAIN " + plain(PASSWORD) + b"\r\n",
    base64.b64encode(b"alice") + b"\r\n",
    ENCODED + b"\r\n",
    plain(PASSWORD) + b"\r\n",
    PASSWORD.encode() + b"\r\n",
    b"PASS " + PASSWORD.encode() + b"\r\n",
    b"alice " + ENCODED + b"\r\n",
    b"AUTH PLAIN " + plain(PASSWORD) * 400 + b"\r\n",
    b"*\r\n",
    b"MAIL FROM:<a@c.test> AUTH=" + PASSWORD.encode() + b"\r\n",
    b"MAIL FROM:<a@c.test> XPASS=" + PASSWORD.encode() + b"\r\n",
    b"RCPT TO:<alice@example.test>\r\n",
    b"DATA\r\n",
    b"Subject: my password\r\n\r\n" + PASSWORD.encode() + b"\r\n.\r\n",
    b"NOOP " + PASSWORD.encode() + b"\r\n",
    b"VRFY " + PASSWORD.encode() + b"\r\n",
    b"RSET\r\n",
]
SECRETS = re.compile(
    b"|".join(
        re.escape(secret)
        for secret in (PASSWORD.encode(), ENCODED.rstrip(b"="), plain(PASSWORD)[:-3])
    ),
    re.IGNORECASE,
)


@pytest.mark.slow
@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("seed", range(10))
async def test_no_session_leaves_a_password_in_the_log(tmp_path, form, seed):
    draw = random.Random(seed)
    server = logging_server(
        tmp_path,
        Level.DEBUG,
        form,
        auth_in_clear=True,
        limits=Limits(errors=200, log_ins=200),
        patience=Patience(guess=0),
    )
    for _ in range(20):
        ours, theirs = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as tasks:
            tasks.start_soon(serve, server, theirs, "127.0.0.1")
            tasks.start_soon(drain, ours)
            for piece in [PIECES[0], *draw.choices(PIECES, k=30)]:
                cut = draw.randrange(len(piece))
                for part in (piece[:cut], piece[cut:]):
                    await ours.send_all(part)
                    await trio.testing.wait_all_tasks_blocked()
            await ours.send_eof()
    written = (tmp_path / "log").read_bytes()
    assert b"login" in written
    assert b"objected" in written
    assert SECRETS.findall(written) == []


async def drain(stream):
    while await stream.receive_some():
        pass
