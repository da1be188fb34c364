from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from harness.cli.fetching.keeping import Folder
from harness.errors import UsageError
from harness.protocol.pop3.fetching import Waiting
from reference_server.doors.door import Kind
from reference_server.users.guesses import Guesses
from tests.cli.popping import Popping, popping

ONE, TWO = b"Subject: one\r\n\r\n.dot\r\n", "Subject: two\r\n\r\nzwölf\r\n".encode()
ENV = {"SMTP_HARNESS_PASSWORD": "secret"}


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Popping]:
    with popping(tmp_path_factory.mktemp("spool")) as server:
        server.server.guesses = Guesses(first=0)
        yield server


@pytest.fixture
def server(running: Popping) -> Popping:
    """A server where two messages wait for alice."""
    for name in running.mailbox():
        (running.spool / "mail" / "alice" / "new" / name).unlink()
    for at, (name, octets) in enumerate((("1.host", ONE), ("2.host", TWO))):
        running.deliver(name, octets)
        os.utime(running.spool / "mail" / "alice" / "new" / name, (at, at))
    return running


@pytest.fixture
def fetch(invoke, server: Popping):
    """`fetch` of alice's mail, inside TLS."""

    def fetch(*words, kind: Kind = Kind.POP3S, env=ENV, user: str = "alice", trust: bool = True):
        trusting = ("--ca", server.spool / "cert.pem") if trust else ()
        return invoke("fetch", server.url(user, kind), *trusting, *words, env=env)

    return fetch


# --- messages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.POP3, Kind.POP3S])
def test_messages_are_told_octet_for_octet_and_stay(fetch, server, kind):
    done = fetch(kind=kind)

    assert done.exit_code == 0
    assert done.stdout_bytes == ONE + TWO
    assert done.stderr == ("message 1, 22 octets\nmessage 2, 24 octets\n2 messages fetched\n")
    assert server.mailbox() == ["1.host", "2.host"]


def test_what_waits_is_listed(fetch):
    assert fetch("--list").stdout == "     1         22 1.host\n     2         24 2.host\n"


def test_each_message_gets_a_file_of_its_own(fetch, tmp_path):
    done = fetch("--to", tmp_path / "mail")

    assert done.stdout == ""
    assert done.stderr == "2 messages fetched\n"
    assert (tmp_path / "mail" / "1.host.eml").read_bytes() == ONE
    assert (tmp_path / "mail" / "2.host.eml").read_bytes() == TWO
    assert stat.S_IMODE((tmp_path / "mail" / "1.host.eml").stat().st_mode) == 0o600
    assert len(os.listdir(tmp_path / "mail")) == 2


def test_what_is_here_already_is_not_fetched_again(fetch, server, tmp_path):
    fetch("--to", tmp_path)
    server.deliver("3.host", b"Subject: three\r\n\r\n")
    done = fetch("--to", tmp_path, "-v")

    assert "1 message fetched, 2 here already\n" in done.stderr
    assert "C: RETR 3\n" in done.stderr
    assert "C: RETR 1\n" not in done.stderr


def test_what_is_deleted_is_in_its_file_first(fetch, server, tmp_path):
    done = fetch("--to", tmp_path, "--delete", "-v")

    assert done.exit_code == 0
    assert "2 messages fetched, 2 deleted\n" in done.stderr
    assert server.mailbox() == []
    assert (tmp_path / "1.host.eml").read_bytes() == ONE


def test_another_message_of_the_same_name_is_neither_lost_nor_taken_for_it(fetch, server, tmp_path):
    (tmp_path / "1.host.eml").write_bytes(b"of another server\r\n")
    (tmp_path / "2.host.eml").write_bytes(b"x" * len(TWO))  # and of the same size
    done = fetch("--to", tmp_path, "--delete")

    assert done.exit_code == 0
    assert (tmp_path / "1.host.eml").read_bytes() == b"of another server\r\n"
    assert (tmp_path / "1.host.2.eml").read_bytes() == ONE
    assert (tmp_path / "2.host.2.eml").read_bytes() == TWO
    assert server.mailbox() == []


def test_nothing_is_deleted_if_a_file_cannot_be_written(fetch, server, tmp_path, monkeypatch):
    def full(self, path, content):
        raise UsageError(f"{path} cannot be written: No space left on device")

    monkeypatch.setattr(Folder, "_write", full)
    done = fetch("--to", tmp_path, "--delete")

    assert done.exit_code == 2
    assert "No space left" in done.stderr
    assert server.mailbox() == ["1.host", "2.host"]


def test_everything_can_be_told_as_json(fetch, server, tmp_path):
    told = json.loads(fetch("--json").stdout)
    kept = json.loads(fetch("--json", "--to", tmp_path, "--delete").stdout)

    assert told["format"] == "smtp-harness-fetch/1"
    assert (told["exit_status"], told["error"]) == (0, None)
    assert told["messages"][0] == {
        "number": 1,
        "octets": 22,
        "uid": "1.host",
        "deleted": False,
        "file": None,
        "content": r"Subject: one\r\n\r\n.dot\r\n",
    }
    assert kept["messages"][1]["file"] == str(tmp_path / "2.host.eml")
    assert kept["messages"][1]["deleted"]
    assert "content" not in kept["messages"][1]


def test_a_list_can_be_told_as_json_too(fetch):
    told = json.loads(fetch("--json", "--list").stdout)

    assert told["messages"][0] == {"number": 1, "octets": 22, "uid": "1.host"}


def test_an_empty_mailbox_is_no_mistake(fetch, server):
    for name in server.mailbox():
        (server.spool / "mail" / "alice" / "new" / name).unlink()
    done = fetch()

    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "0 messages fetched\n")


# --- the way in ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mechanism", ["scram-sha-256", "PLAIN", "APOP", "user"])
def test_the_dialogue_is_shown_and_no_secret_in_it(fetch, mechanism):
    done = fetch("-v", "--mechanism", mechanism, kind=Kind.POP3)

    assert done.exit_code == 0
    assert "S: +OK example.test POP3 server ready <" in done.stderr
    assert "*  TLSv1.3, " in done.stderr
    assert "***" in done.stderr
    assert "secret" not in done.stderr
    assert done.stderr.endswith("*  we close\n2 messages fetched\n")


def test_a_wrong_password_is_status_1(fetch):
    done = fetch(env={"SMTP_HARNESS_PASSWORD": "guess"})

    assert done.exit_code == 1
    assert done.stderr == "error: AUTH was answered -ERR [AUTH] wrong name or password\n"


def test_a_mailbox_in_use_is_status_1(fetch, server):
    drop = server.server.maildrops.open("alice")
    try:
        done = fetch()
    finally:
        drop.close()

    assert done.exit_code == 1
    assert "[IN-USE]" in done.stderr


def test_a_password_may_come_from_a_file(invoke, server, tmp_path):
    (tmp_path / "password").write_text("secret\n")
    url = server.url().replace("alice@", "")
    words = ("--login", f"alice:file:{tmp_path / 'password'}", "--ca", server.spool / "cert.pem")

    assert invoke("fetch", url, *words, env={"SMTP_HARNESS_PASSWORD": None}).exit_code == 0


def test_a_password_is_asked_for_where_somebody_can_be_asked(invoke, server, monkeypatch):
    monkeypatch.setattr("harness.cli.asking.is_terminal", lambda: True)
    done = invoke(
        *("fetch", server.url(), "--ca", server.spool / "cert.pem"),
        input="secret\n",
        env={"SMTP_HARNESS_PASSWORD": None},
    )

    assert done.exit_code == 0
    assert "Password of alice" in done.stderr
    assert done.stdout_bytes == ONE + TWO


def test_a_certificate_that_nobody_vouches_for_is_status_3(fetch):
    done = fetch(trust=False)

    assert done.exit_code == 3
    assert "self-signed certificate; --ca FILE names one, --insecure takes any" in done.stderr
    assert fetch("--insecure", trust=False).exit_code == 0


def test_a_server_that_allows_no_log_in_in_the_clear_is_status_1(fetch):
    done = fetch("--tls", "none", kind=Kind.POP3)

    assert done.exit_code == 1
    assert "in the clear" in done.stderr


def test_nobody_at_the_address_is_status_3(invoke):
    done = invoke("fetch", "pop3://alice@127.0.0.1:1", env=ENV)

    assert done.exit_code == 3
    assert "nobody listens there" in done.stderr


def test_tls_spoken_to_a_plain_port_is_status_3(invoke, server):
    done = invoke("fetch", f"pop3s://alice@localhost:{server.ports[Kind.POP3]}", env=ENV)

    assert done.exit_code == 3
    assert "answered in plain text: +OK example.test" in done.stderr


MISTAKES = {
    "no mailbox": (["pop3://localhost"], "whose mailbox?"),
    "another scheme": (["smtp://alice@localhost"], "(there are: pop3, pop3s)"),
    "a password in the address": (["alice:secret@localhost"], "never the password itself"),
    "deleting into nowhere": (["alice@localhost", "--delete"], "--to DIR"),
    "deleting what is only listed": (["alice@localhost", "--delete", "--list"], "--list fetches"),
    "no TLS within TLS": (["pop3s://alice@localhost", "--tls", "none"], "wants pop3://"),
    "no time": (["alice@localhost", "--timeout", "soon"], "no duration"),
    "no time at all": (["alice@localhost", "--timeout", "0s"], "no duration"),
    "no such CA": (["alice@localhost", "--ca", "/no/such"], "/no/such"),
    "no directory": (["alice@localhost", "--to", "/dev/null/x"], "can be no directory"),
}


@pytest.mark.parametrize(("words", "complaint"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_before_anybody_is_connected_to(invoke, words, complaint):
    done = invoke("fetch", *words, env=ENV)

    assert done.exit_code == 2
    assert complaint in done.output
    assert "secret" not in done.output or "alice:secret" in words[0]


def test_a_password_that_is_nowhere_is_named(invoke):
    done = invoke("fetch", "alice@localhost", env={"SMTP_HARNESS_PASSWORD": None})

    assert done.exit_code == 2
    assert "SMTP_HARNESS_PASSWORD" in done.output


# --- servers that are not ours -------------------------------------------------------------------


async def serve_script(answers: list[bytes], task_status=trio.TASK_STATUS_IGNORED) -> None:
    """A server that answers one line after the other as it is written, then hangs up."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    task_status.started(listeners[0].socket.getsockname()[1])
    stream = await listeners[0].accept()
    async with stream, listeners[0]:
        await stream.send_all(answers[0])
        for answer in answers[1:]:
            await stream.receive_some()
            await stream.send_all(answer)


def fetched_from(answers: list[bytes], **options) -> tuple[int, str]:
    """The status of `fetch` from a scripted server, and what it complained of."""
    from harness.cli.fetching.performing import _Session
    from harness.cli.fetching.telling import Teller
    from harness.cli.fetching.wishes import Wishes, make_plan

    class Quiet(Teller):
        def end(self, mailbox, messages, status, error):
            self.error = error
            assert not any(message.deleted for message in messages)

    async def run() -> tuple[int, str]:
        async with trio.open_nursery() as tasks:
            port = await tasks.start(serve_script, answers)
            wishes = Wishes(server=f"pop3://alice@127.0.0.1:{port}", **options)
            teller = Quiet(wishes)
            status = await _Session(make_plan(wishes), wishes, teller).run()
            tasks.cancel_scope.cancel()
        return status, teller.error

    os.environ.setdefault("SMTP_HARNESS_PASSWORD", "secret")
    try:
        return trio.run(run)
    finally:
        del os.environ["SMTP_HARNESS_PASSWORD"]


OLD = [b"+OK ready\r\n", b"-ERR\r\n", b"+OK\r\n", b"+OK\r\n"]


def test_an_old_server_without_capabilities_and_ids_is_read_too():
    answers = [*OLD, b"+OK\r\n1 5\r\n.\r\n", b"-ERR\r\n", b"+OK\r\nx: y\r\n.\r\n", b"+OK\r\n"]

    assert fetched_from(answers) == (0, "")


def test_a_server_that_hangs_up_instead_of_a_last_word_has_told_all():
    answers = [*OLD, b"+OK\r\n.\r\n", b"+OK\r\n.\r\n"]

    assert fetched_from(answers) == (0, "")


def test_a_server_that_goes_away_in_the_middle_is_status_3():
    status, error = fetched_from([*OLD, b"+OK\r\n1 5\r\n"])

    assert status == 3
    assert error == r"closed in the middle of a response: +OK\r\n1 5\r\n"


def test_a_deletion_that_did_not_happen_is_status_1_and_said(tmp_path):
    answers = [*OLD, b"+OK\r\n1 5\r\n.\r\n", b"+OK\r\n1 a\r\n.\r\n", b"+OK\r\nx: y\r\n.\r\n"]
    status, error = fetched_from(
        [*answers, b"+OK\r\n", b"-ERR some not removed\r\n"], to=str(tmp_path), keep=False
    )

    assert (status, error) == (1, "QUIT was answered -ERR some not removed")
    assert (tmp_path / "a.eml").read_bytes() == b"x: y\r\n"


# --- the folder ----------------------------------------------------------------------------------


@pytest.mark.parametrize("uid", ["../../etc/passwd", "a/b", "..", "x" * 70, "%00", "\x7e" * 70])
def test_no_id_leads_out_of_the_folder(tmp_path, uid):
    folder = Folder(tmp_path / "mail")

    path = folder.keep(Waiting(number=1, octets=3, uid=uid), b"x\r\n")

    assert path.parent == tmp_path / "mail"
    assert os.listdir(tmp_path) == ["mail"]
    assert folder.find(Waiting(number=7, octets=3, uid=uid)) == path


def test_a_message_without_id_is_known_by_its_content(tmp_path):
    folder, waiting = Folder(tmp_path), Waiting(number=1, octets=3, uid=None)

    assert folder.find(waiting) is None
    assert folder.keep(waiting, b"x\r\n") == folder.keep(waiting, b"x\r\n")
    assert len(os.listdir(tmp_path)) == 1


def test_a_disk_that_refuses_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    folder = Folder(tmp_path)
    monkeypatch.setattr("harness.cli.fetching.keeping.os.fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        folder.keep(Waiting(number=1, octets=3, uid="a"), b"x\r\n")

    assert list(Path(tmp_path).iterdir()) == []
