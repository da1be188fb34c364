from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from reference_server.users import FileUsers
from reference_server.users.book import read_book


@pytest.fixture
def path(tmp_path):
    return tmp_path / "users"


@pytest.fixture
def added(invoke, path):
    """Alice, with the password wonderland."""
    done = invoke("user", "add", "Alice", "--file", path, "--password-stdin", input="wonderland\n")
    assert done.exit_code == 0, done.output
    return path


def test_who_is_added_can_log_in(added):
    assert FileUsers(added).knows_password("alice", "wonderland")
    assert not FileUsers(added).knows_password("alice", "wonderland\n")


def test_a_password_may_come_from_the_environment(invoke, path):
    words = ("user", "add", "bob", "--file", path, "--password-env", "BOBS")

    assert invoke(*words, env={"BOBS": "builder"}).exit_code == 0
    assert FileUsers(path).knows_password("bob", "builder")


def test_a_password_is_no_argument_and_never_printed(invoke, added, path):
    refused = invoke("user", "add", "bob", "builder", "--file", path)
    changed = invoke("user", "passwd", "alice", "--file", path, "--password-stdin", input="x\n")

    assert refused.exit_code == 2
    assert changed.output == "changed alice\n"


def test_a_changed_password_is_the_only_one_and_tokens_stay(invoke, added):
    token = invoke("user", "token", "alice", "--file", added).output.strip()
    done = invoke(
        "user", "passwd", "ALICE", "--file", added, "--keep-clear", "--password-stdin", input="x\n"
    )

    assert done.exit_code == 0
    users = FileUsers(added)
    assert users.knows_password("alice", "x")
    assert not users.knows_password("alice", "wonderland")
    assert users.shared_secret("alice") == b"x"
    assert users.owner_of(token) == "alice"


def test_a_token_is_told_once_and_not_kept(invoke, added):
    one, other = (invoke("user", "token", "alice", "--file", added).output for _ in range(2))

    assert one != other
    assert one.strip() not in added.read_text()
    assert {FileUsers(added).owner_of(token.strip()) for token in (one, other)} == {"alice"}


def test_the_list_tells_what_each_may_log_in_with(invoke, added):
    assert invoke("user", "add", "bob", "--file", added, "--no-password").exit_code == 0
    invoke("user", "token", "bob", "--file", added)
    invoke("user", "add", "carol", "--file", added, "--no-password")

    told = invoke("user", "list", "--file", added).output

    assert told == "alice\tpassword, SCRAM\nbob\ttokens\ncarol\tno log-in\n"


def test_who_is_removed_is_gone(invoke, added):
    assert invoke("user", "remove", "Alice", "--file", added).output == "removed alice\n"
    assert read_book(added).accounts == {}


MISTAKES = {
    "added twice": (["add", "alice", "--no-password"], "there is a user 'alice' already"),
    "a bad name": (["add", "a/b", "--no-password"], "'a/b' is no user's name"),
    "nobody's password": (["passwd", "nobody", "--password-stdin"], "there is no user 'nobody'"),
    "nobody's token": (["token", "nobody"], "there is no user 'nobody'"),
    "nobody removed": (["remove", "nobody"], "there is no user 'nobody'"),
    "nobody there to type": (["add", "bob"], "nobody can type a password here"),
    "no such variable": (["add", "bob", "--password-env", "NO_SUCH"], "variable NO_SUCH"),
    "two places": (["add", "bob", "--password-env", "X", "--password-stdin"], "from one place"),
    "an empty password": (["add", "bob", "--password-stdin"], "an empty password is none"),
}


@pytest.mark.parametrize(("words", "complaint"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_in_a_line_and_changes_nothing(invoke, added, words, complaint):
    before = added.read_bytes()

    done = invoke("user", *words, "--file", added)

    assert done.exit_code == 2
    assert complaint in done.output
    assert added.read_bytes() == before


def test_a_file_that_is_not_there_is_named(invoke, path):
    done = invoke("user", "list", "--file", path)

    assert (done.exit_code, "No such file" in done.output) == (2, True)


@pytest.mark.slow
def test_a_password_is_typed_twice_and_not_shown(path):
    ours, theirs = pty.openpty()
    words = ("-m", "harness.cli", "user", "add", "alice", "--file", str(path))
    with subprocess.Popen(
        [sys.executable, *words], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as child:
        os.close(theirs)
        shown = b""
        for prompt in (b"Password of alice: ", b"Repeat for confirmation: "):
            while not shown.endswith(prompt):
                shown += os.read(ours, 1_000)
            os.write(ours, b"wonderland\n")
        child.wait(timeout=20)
    os.close(ours)

    assert FileUsers(path).knows_password("alice", "wonderland")
    assert b"wonderland" not in shown
