from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.cli.commands import Commands

ROOT = Path(__file__).parent.parent.parent
MISTAKES = Commands(
    name="try",
    table={
        name: ("tests.cli.mistakes", name.replace("-", "_"), f"it is {name}")
        for name in (
            "fine", "unmet", "misused", "misused-below-a-nursery", "bad-file", "silent", "our-bug",
            "stopped", "stopped-in-a-nursery", "stopped-amid-a-bug", "chatty",
        )
    },
)  # fmt: skip


def invoke(*words, group=MISTAKES, env=None):
    return CliRunner().invoke(group, words, prog_name="try", env=env)


# words -> exit status, and what is said
ENDS = {
    "all is well": (["fine"], 0, "fine\n"),
    "a verdict": (["unmet"], 1, ""),
    "help": (["--help"], 0, "it is misused"),
    "help in short": (["-h"], 0, "it is misused"),
    "no command": ([], 2, "Commands:"),
    "an unknown command": (["finer"], 2, "there is no command 'finer' (did you mean 'fine'?)"),
    "a word unlike any": (["xyzzy"], 2, "(there are: fine, unmet"),
    "an unknown option": (["fine", "--loud"], 2, "error: No such option"),
    "an unknown option of all": (["--loud"], 2, "see try --help"),
    "too many words": (["fine", "extra"], 2, "see try fine --help"),
    "a usage error": (["misused"], 2, "error: no such \\x1B[31msuite\n"),
    "a usage error in groups": (["misused-below-a-nursery"], 2, "error: bad word\n"),
    "a bad file": (["bad-file"], 2, "error: unknown key 'b'\n --> t.yaml:3:2\n"),
    "a peer": (["silent"], 3, "error: 127.0.0.1:25 did not answer within 5 s\n"),
    "our bug": (["our-bug"], 3, "This is a bug in smtp-harness"),
    "Ctrl-C": (["stopped"], 130, ""),
    "Ctrl-C in a nursery": (["stopped-in-a-nursery"], 130, ""),
    "Ctrl-C and our bug": (["stopped-amid-a-bug"], 3, "This is a bug in smtp-harness"),
}


@pytest.mark.parametrize(("words", "status", "said"), ENDS.values(), ids=ENDS)
def test_every_end_has_its_status_and_its_words(words, status, said):
    done = invoke(*words)

    assert done.exit_code == status
    assert said in done.output
    assert "Traceback" not in done.output


def test_errors_go_to_standard_error():
    assert invoke("misused").stdout == ""


def test_a_traceback_is_shown_on_request():
    assert "Traceback" in invoke("our-bug", env={"SMTP_HARNESS_DEBUG": "1"}).stderr


@pytest.mark.slow
def test_a_reader_who_has_seen_enough_is_no_error():
    script = "from tests.cli.test_commands import MISTAKES; MISTAKES(['chatty'])"
    talk = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    assert talk.stdout is not None
    talk.stdout.readline()
    talk.stdout.close()
    assert talk.stderr is not None
    with talk.stderr:
        assert talk.stderr.read() == b""
    assert talk.wait(10) == 141


def loaded_by(script):
    """Which of the heavy modules the script has loaded."""
    heavy = "{'trio', 'locust', 'gevent', 'cryptography', 'pytest'}"
    run = subprocess.run(
        [sys.executable, "-c", f"{script}; import sys; print({heavy} & set(sys.modules) or '')"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return run.stdout.strip()


@pytest.mark.slow
def test_help_loads_nothing_heavy():
    help_ = "from click.testing import CliRunner; from harness.cli import main; " \
            "assert CliRunner().invoke(main, ['--help']).exit_code == 0"  # fmt: skip

    assert loaded_by(help_) == ""


def test_the_version_is_ours():
    assert invoke("--version", group=main).output.startswith("smtp-harness, version 0.")
