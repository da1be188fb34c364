import signal
import smtplib
import subprocess
import sys
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from harness.errors import UsageError
from reference_server.__main__ import main
from reference_server.lies import LIES


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
