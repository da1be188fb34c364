import signal
import smtplib
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.errors import UsageError
from harness.protocol.receiver import Limits
from reference_server.__main__ import main, with_options
from reference_server.configuration import Config
from reference_server.doors.door import Door, Kind
from reference_server.lies import LIES
from reference_server.watching.log import Logging


@contextmanager
def running(*options):
    command = [sys.executable, "-m", "reference_server", "--port", "0", *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout is not None
            line = child.stdout.readline()
            yield child, line
        finally:
            child.kill()


def port_of(line):
    assert line.startswith("listening on ")
    return int(line.rsplit(":", 1)[1])


@pytest.mark.slow
def test_it_listens_on_loopback_takes_mail_and_stops_when_told(tmp_path):
    with running("--user", "alice:secret", "--spool", str(tmp_path)) as (child, line):
        assert line.startswith("listening on 127.0.0.1:")
        with smtplib.SMTP("127.0.0.1", port_of(line)) as client:
            client.sendmail("a@b.test", ["alice@example.test"], b"Subject: x\r\n\r\n.hello\r\n")
        child.send_signal(signal.SIGTERM)
        assert child.wait(5) == 0
    (message,) = (tmp_path / "mail" / "alice" / "new").iterdir()
    assert message.read_bytes().endswith(b"\r\n.hello\r\n")


@pytest.mark.slow
def test_it_stops_when_standard_input_ends_if_asked_to():
    with running("--until-eof") as (child, line):
        assert port_of(line) > 0
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(5) == 0


@pytest.mark.slow
def test_it_lies_if_asked_to():
    with running("--fault", "greeting-without-domain") as (_, line), smtplib.SMTP() as client:
        assert client.connect("127.0.0.1", port_of(line)) == (220, b"*** welcome ***")


@pytest.mark.slow
def test_a_usage_error_is_one_line_and_status_2():
    child = subprocess.run(
        [sys.executable, "-m", "reference_server", "--fault", "no-unstaff"],
        capture_output=True,
        text=True,
    )
    assert child.returncode == 2
    assert child.stderr == "error: there is no fault 'no-unstaff' (did you mean 'no-unstuff'?)\n"


@pytest.mark.slow
def test_what_the_command_line_says_wins_over_the_file(tmp_path):
    file = tmp_path / "serve.yaml"
    file.write_text("domain: a.test\nvoice: textbook\nlisten: lmtp://127.0.0.1:0\nspool: spool\n")
    with running("--config", str(file), "--domain", "b.test") as (_, line), smtplib.SMTP() as c:
        assert c.connect("127.0.0.1", port_of(line)) == (220, b"b.test")
    assert (tmp_path / "spool" / "mail" / "postmaster").is_dir()


OPTIONS = {
    "nothing": ({}, {}),
    "a port": ({"port": 0}, {"doors": (Door(Kind.SMTP, "127.0.0.1", 0),)}),
    "a host": ({"host": "::1"}, {"doors": (Door(Kind.SMTP, "::1", 2525),)}),
    "a door alone": ({"doors": ["lmtp://:0"]}, {"doors": (Door(Kind.LMTP),)}),
    "a door too": ({"doors": ["lmtp://:0"], "port": 0}, {"doors": (Door(), Door(Kind.LMTP))}),
    "a user": ({"users": ["al", "bo:x:y"]}, {"users": {"carol": "c", "al": None, "bo": "x:y"}}),
    "a size": ({"max_size": 9}, {"limits": Limits(message=9, errors=2)}),
    "a log": ({"log": "x"}, {"log": Logging(path=Path("x"))}),
    "a log here": ({"log": "stderr"}, {"log": Logging()}),
    "no syncing": ({"sync": False}, {"sync": False}),
    "a domain of many": ({"anyone_at": ["m.test"]}, {"anyone_at": ("l.test", "m.test")}),
}


@pytest.mark.parametrize(("options", "changes"), OPTIONS.values(), ids=OPTIONS)
def test_an_option_changes_what_it_names_and_nothing_else(options, changes):
    config = Config(users={"carol": "c"}, anyone_at=("l.test",), limits=Limits(errors=2))
    assert with_options(config, **options) == replace(config, **changes)


def test_the_faults_are_listed_with_what_is_wrong():
    listed = CliRunner().invoke(main, ["--list-faults"]).output.splitlines()
    assert len(listed) == len(LIES)
    assert all("\t" in line for line in listed)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--fault", "wibble"], "there is no fault 'wibble' (see --list-faults)"),
        (["--domain", "a_b"], "'a_b' is not a domain"),
        (["--user", "../../etc"], "--user '../../etc'"),
        (["--user", ":secret"], "--user ''"),
        (["--host", "192.0.2.1"], "cannot listen on 192.0.2.1:"),
        (["--spool", "/dev/null/x"], "cannot use the spool /dev/null/x"),
    ],
)
def test_bad_options_say_what_is_wrong(options, words):
    caught = CliRunner().invoke(main, ["--port", "0", *options]).exception
    assert isinstance(caught, UsageError)
    assert words in str(caught)


@pytest.mark.parametrize("options", [["--port", "65536"], ["--port", "-1"], ["--max-size", "0"]])
def test_numbers_that_cannot_be_are_wrong_use(options):
    done = CliRunner().invoke(main, options)
    assert done.exit_code == 2
    assert "is not in the range" in done.output
