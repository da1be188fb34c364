"""`smtp-harness source`: letters as smtp-source has them, and a load run of them."""

from __future__ import annotations

import os
import pty
import select
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from harness.cli.source import letters_of, source
from harness.load_results import read
from loadtests.smtp_source import Letters
from tests.cli.scripted import scripted
from tests.loadtests.servers import aiosmtpd

COMMAND = (sys.executable, "-m", "harness.cli", "source")
NAMED = ["-M", "me.test"]
KNOCK = 1  # connection that only looks whether anybody is there


def letters(*words) -> Letters:
    return letters_of(
        {
            name: value
            for name, value in source.make_context(
                "source", [*words, "127.0.0.1:25"]
            ).params.items()
            if name not in ("mine", "path")
        }
    )


STANDARD = {"where": "127.0.0.1:25", "name": "me.test"}
SAID = {
    "flags in one word": (
        ("-46AcdLNov",),
        {"ipv4": True, "ipv6": True, "goes_on": True, "counts": True, "stays": True, "lmtp": True,
         "numbered": True, "old": True, "verbose": True},
    ),
    "numbers with and without a blank": (
        ("-C2", "-l", "3", "-m4", "-r", "5", "-R6", "-s", "7", "-T8", "-w", "9"),
        {"retries": 2, "length": 3, "messages": 4, "recipients": 5, "random": 6, "sessions": 7,
         "window": 8, "wait": 9},
    ),
    "words": (
        ("-f", "a@b.test", "-t", "c@d.test", "-S", "a subject"),
        {"sender": "a@b.test", "recipient": "c@d.test", "subject": "a subject"},
    ),
    "nobody sends": (("-f", ""), {"sender": ""}),
}  # fmt: skip


@pytest.mark.parametrize(("words", "said"), SAID.values(), ids=SAID)
def test_letters_are_taken_as_smtp_source_takes_them(words, said):
    assert letters(*NAMED, *words) == Letters(**STANDARD | said)


def test_we_are_called_what_the_machine_is_called_unless_told():
    assert letters().name == socket.gethostname()


@pytest.mark.parametrize("words", [["-m", "0"], ["-s", "x"], ["-F", "/nowhere"], ["-X"], []])
def test_what_is_no_letter_or_no_number_is_wrong_use(invoke, words):
    assert invoke("source", *words, *(["127.0.0.1:25"] if words else [])).exit_code == 2


def test_letters_that_contradict_each_other_are_wrong_use(invoke):
    done = invoke("source", "-w", "1", "-R", "1", "127.0.0.1:25")

    assert (done.exit_code, done.output) == (2, "error: -w and -R: one of them\n")


def test_a_server_off_loopback_must_be_ones_own(invoke):
    done = invoke("source", "192.0.2.1")

    assert done.exit_code == 2
    assert done.output.endswith("if it is, say so with --mine 192.0.2.1\n")


@pytest.mark.slow
def test_messages_are_sent_and_measured(invoke, tmp_path):
    result = tmp_path / "result.json"
    with scripted({}, connections=KNOCK + 1) as heard:
        done = invoke("source", *NAMED, "-d", "-m", "3", "-c", "--json", result,
                      f"127.0.0.1:{heard.port}")  # fmt: skip

    assert done.exit_code == 0, done.output
    assert "3 of 3 messages accepted" in done.output
    assert "-c: on a terminal" in done.output
    assert heard.lines == [
        "EHLO me.test",
        *["MAIL FROM:<foo@me.test>", "RCPT TO:<foo@me.test>", "DATA"] * 3,
        "QUIT",
    ]
    assert read(result).phases["message"].count == 3


@pytest.mark.slow
def test_each_message_has_a_connection_and_none_is_left_out(invoke):
    with scripted({}, connections=KNOCK + 4) as heard:
        done = invoke("source", *NAMED, "-m", "4", f"127.0.0.1:{heard.port}")

    assert "4 of 4 messages accepted" in done.output
    assert (heard.lines.count("EHLO me.test"), len(heard.texts)) == (4, 4)


@pytest.mark.slow
def test_a_file_goes_out_as_it_is_but_for_the_token(invoke, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = Path("message")  # found from where we are, though the generator works elsewhere
    file.write_bytes(b"Subject: x\n\n.dot\nend\n")
    with scripted({}, connections=KNOCK + 1) as heard:
        invoke("source", *NAMED, "-F", file, f"127.0.0.1:{heard.port}")

    (text,) = heard.texts
    token, _, rest = text.partition(b"\r\n")
    assert token.startswith(b"X-Load-Token: load-")
    assert rest == b"Subject: x\r\n\r\n..dot\r\nend\r\n.\r\n"


@pytest.mark.slow
@pytest.mark.parametrize(("letters", "status"), [([], 1), (["-A"], 0)], ids=["", "-A"])
def test_a_refusal_ends_it_unless_told_to_go_on(invoke, letters, status):
    with scripted({"RCPT": "550 5.1.1 no"}, connections=KNOCK + 1) as heard:
        done = invoke("source", *NAMED, *letters, "-d", "-m", "2", f"127.0.0.1:{heard.port}")

    assert done.exit_code == status, done.output
    assert "550 5.1.1" in done.output


@pytest.mark.slow
def test_a_socket_of_this_machine_is_spoken_to(invoke):
    with tempfile.TemporaryDirectory() as folder:  # such a path has 107 octets at most
        path = Path(folder) / "s"
        command = [sys.executable, "-m", "harness.cli", "sink", "-L", "-M", "5", f"unix:{path}"]
        with subprocess.Popen([*command, "10"], stdout=subprocess.PIPE) as sink:
            try:
                assert sink.stdout is not None
                assert str(path).encode() in sink.stdout.readline()
                done = invoke("source", "-L", "-d", "-r", "2", "-m", "5", f"unix:{path}")
            finally:
                sink.terminate()

    assert done.exit_code == 0, done.output
    assert f"lmtp://{path}" in done.output
    assert "5 of 5 messages accepted" in done.output


def test_a_socket_that_is_not_there_is_told(invoke):
    done = invoke("source", "unix:/nowhere/at/all")

    assert done.exit_code == 3
    assert "/nowhere/at/all: No such file" in done.output


@pytest.mark.slow
def test_progress_tells_of_the_messages_and_of_no_end_that_nobody_planned():
    """The clock was one of 168 hours, which is only the most that there may be."""
    terminal, theirs = pty.openpty()
    with aiosmtpd() as (address, _):
        process = subprocess.Popen(
            [*COMMAND, "-d", "-m", "1000000", address.removeprefix("smtp://")],
            stdout=subprocess.PIPE,
            stderr=theirs,
        )
        os.close(theirs)
        shown = ""
        while " of 1,000,000 accepted" not in shown:
            ready, _, _ = select.select([terminal], [], [], 20)
            assert ready, "a terminal shows progress"
            shown += os.read(terminal, 10_000).decode()
        process.terminate()
        process.communicate(timeout=20)
    os.close(terminal)

    assert process.returncode == 143
    assert " h," not in shown
