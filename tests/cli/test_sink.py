import os
import pwd
import re
import smtplib
import subprocess
import sys
from contextlib import closing, contextmanager, suppress

import pytest
from click.testing import CliRunner

from harness.cli.sink import letters_of, sink
from harness.errors import UsageError
from reference_server.smtp_sink.letters import Letters, Wait


def read(*words):
    """The letters that these words are."""
    return letters_of(sink.make_context("sink", [*words, ":25", "10"]).params)


STANDARD = {"where": ":25", "backlog": 10}
LETTERS = {
    "none": ((), {}),
    "flags in one word": (
        ("-46cevLP",),
        {"ipv4": True, "ipv6": True, "counts": True, "plain": True, "shows": True, "lmtp": True,
         "pix": True},
    ),
    "extensions": (
        ("-8aENp",),
        {"without": frozenset({"8BITMIME", "AUTH", "ENHANCEDSTATUSCODES", "DSN", "PIPELINING"})},
    ),
    "what there never is": (("-CF",), {}),
    "numbers with and without a blank": (
        ("-m3", "-M", "4", "-n5", "-t", "6", "-T7", "-A", "0", "-H8"),
        {"clients": 3, "messages": 4, "sessions": 5, "patience": 6, "window": 7, "abort": 0,
         "late": 8},
    ),
    "commands": (
        ("-q", "mail,RCPT", "-Q", ".", "-s", "quit", "-q", "noop"),
        {"drops": frozenset({"mail", "rcpt", "noop"}), "closes": frozenset("."),
         "logged": frozenset({"quit"})},
    ),
    "hard, and so without pipelining": (
        ("-f", "mail"), {"fails": frozenset({"mail"}), "without": frozenset({"PIPELINING"})},
    ),
    "soft, and so without pipelining": (
        ("-r", "mail"), {"defers": frozenset({"mail"}), "without": frozenset({"PIPELINING"})},
    ),
    "waits": (
        ("-w", "2", "-W", "mail:3:50"), {"waits": {"data": Wait(2), "mail": Wait(3, 0.5)}},
    ),
    "a name": (("-h", "other.test"), {"name": "other.test"}),
    "a dump": (("-d", "%Y/", "-S", r"\n"), {"one_file_each": "%Y/", "start": "\n"}),
    "another dump": (("-D", "all"), {"one_file": "all"}),
    "a user": (("-u", "nobody"), {"user": "nobody"}),
}  # fmt: skip


@pytest.mark.parametrize(("words", "said"), LETTERS.values(), ids=LETTERS)
def test_letters_are_taken_as_smtp_sink_takes_them(words, said):
    assert read(*words) == Letters(**STANDARD | said)


WRONG = {
    "a command": (["-f", "mial"], "unknown command 'mial' (did you mean 'mail'?)"),
    "two dumps": (["-d", "a", "-D", "b"], "-d and -D: one of them"),
    "no refusal": (["-b", "250 ok"], "-b '250 ok': this refuses nothing"),
}


@pytest.mark.parametrize(("words", "told"), WRONG.values(), ids=WRONG)
def test_wrong_letters_are_said(words, told):
    caught = CliRunner().invoke(sink, [*words, ":0", "10"]).exception
    assert isinstance(caught, UsageError)
    assert told in str(caught)


@pytest.mark.parametrize("words", [["-n", "0"], ["-m", "x"], ["-X"]])
def test_what_is_no_letter_or_no_number_is_wrong_use(words):
    assert CliRunner().invoke(sink, [*words, ":0", "10"]).exit_code == 2


@contextmanager
def running(*words):
    command = [sys.executable, "-m", "harness.cli", "sink", *words]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout is not None
            yield child, int(child.stdout.readline().rpartition(":")[2])
        finally:
            child.terminate()


@pytest.mark.slow
def test_it_takes_a_message_and_ends_when_it_has_enough(tmp_path):
    with running("-M", "1", "-D", f"{tmp_path}/all", "127.0.0.1:0", "10") as (child, port):
        with closing(smtplib.SMTP("127.0.0.1", port)) as client:
            assert client.sendmail("a@b.test", ["x@y.test"], b"Subject: x\r\n\r\nhi\r\n") == {}
            assert client.quit()[0] == 221
        assert child.wait(10) == 0
    assert "X-Rcpt-Args: <x@y.test>" in (tmp_path / "all").read_text()


@pytest.mark.slow
def test_a_dump_that_cannot_be_written_is_one_line_and_status_3(tmp_path):
    (tmp_path / "file").touch()
    with running("-D", f"{tmp_path}/file/all", "127.0.0.1:0", "10") as (child, port):
        with closing(smtplib.SMTP("127.0.0.1", port)) as client, suppress(smtplib.SMTPException):
            client.sendmail("a@b.test", ["x@y.test"], b"x\r\n")
        assert child.wait(10) == 3
        assert child.stderr is not None
        assert re.fullmatch(r"error: cannot write a dump: .*\n", child.stderr.read())


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may change the root directory")
def test_root_may_leave_everything_behind(tmp_path):
    nobody = pwd.getpwnam("nobody")
    os.chown(tmp_path, nobody.pw_uid, nobody.pw_gid)
    with running("-R", str(tmp_path), "-u", "nobody", "-d", "/in/m.", "127.0.0.1:0", "9") as (
        _,
        port,
    ):
        with smtplib.SMTP("127.0.0.1", port) as client:
            assert client.sendmail("a@b.test", ["x@y.test"], b"x\r\n") == {}
        (dump,) = (tmp_path / "in").iterdir()
        assert dump.stat().st_uid == nobody.pw_uid
