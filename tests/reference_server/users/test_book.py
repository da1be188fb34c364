import os
import stat
import threading

import pytest

from harness.errors import UsageError
from reference_server.users.book import (
    Account,
    changing,
    check_name,
    folded,
    make_account,
    read_book,
    token_mark,
)

ALICE = make_account("Alice", "wonderland", keeps_secret=True)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "users"


def put(path, text: str):
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_accounts_are_read_as_they_were_written(path):
    marked = Account(name="bob", tokens=frozenset({token_mark("one"), token_mark("two")}))
    with changing(path) as accounts:
        accounts["alice"], accounts["bob"] = ALICE, marked

    book = read_book(path)

    assert list(book.accounts.values()) == [ALICE, marked]
    assert len(book.decoy) == 32


def test_the_file_is_for_our_eyes_only_and_shows_no_password(path):
    with changing(path) as accounts:
        accounts["alice"] = make_account("alice", "wonderland")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "wonderland" not in path.read_text()
    assert "secret" not in path.read_text()
    assert "wonderland" not in repr(ALICE)


def test_what_fails_leaves_the_file_as_it_was_and_nothing_beside_it(path):
    with changing(path) as accounts:
        accounts["alice"] = ALICE
    before = path.read_bytes()

    with pytest.raises(KeyError), changing(path) as accounts:
        accounts["nobody"] = accounts.pop("alice") and accounts["alice"]

    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["users"]


def test_the_decoy_stays_when_users_change(path):
    with changing(path):
        pass
    decoy = read_book(path).decoy
    with changing(path) as accounts:
        accounts["alice"] = ALICE

    assert read_book(path).decoy == decoy


def test_who_changes_the_file_at_the_same_time_waits(path):
    def add(name):
        with changing(path) as accounts:
            accounts[name] = Account(name=name)

    threads = [threading.Thread(target=add, args=(f"user{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(read_book(path).accounts) == 8


def test_blank_lines_and_comments_mean_nothing_and_a_decoy_may_be_missing(path):
    book = read_book(put(path, "# mine\n\nbob\n"))

    assert list(book.accounts) == ["bob"]
    assert len(book.decoy) == 32


SCRAM = "scram-sha-256=4096,AAAA," + "A" * 43 + "=," + "A" * 43 + "="
MISTAKES = {
    "bob\nbob\n": ":2: 'bob' stands there twice",
    "Bob\n": ":1: 'Bob' would be looked up as 'bob': write that",
    "../etc\n": ":1: '../etc' is no user's name",
    "bob pasword=x\n": ":1: a field 'pasword' of 'bob'; there are: scrypt, scram-sha-256, secret",
    "bob scrypt\n": ":1: scrypt= of 'bob' cannot be read",
    "bob scrypt=1,2,3\n": ":1: scrypt= of 'bob' cannot be read",
    "bob scram-sha-256=x\n": ":1: scram-sha-256= of 'bob' cannot be read",
    f"bob {SCRAM.replace('4096', '0')}\n": ":1: scram-sha-256= of 'bob' cannot be read",
    f"bob {SCRAM.replace('4096', '99999999')}\n": ":1: scram-sha-256= of 'bob' cannot be read",
    f"bob {SCRAM[:-4]}\n": ":1: scram-sha-256= of 'bob' cannot be read",
    f"bob {SCRAM.replace('AAAA,', ',', 1)}\n": ":1: scram-sha-256= of 'bob' cannot be read",
    "bob secret=\n": ":1: secret= of 'bob' cannot be read",
    "bob secret=gICA\n": ":1: secret= of 'bob' cannot be read",
    "bob token=abc\n": ":1: token= of 'bob' cannot be read",
}


@pytest.mark.parametrize(("text", "complaint"), MISTAKES.items())
def test_a_mistake_is_named_with_its_line(path, text, complaint):
    with pytest.raises(UsageError) as error:
        read_book(put(path, text))

    assert str(error.value).startswith(f"{path}{complaint}")


def test_right_scram_keys_are_read(path):
    assert read_book(put(path, f"bob {SCRAM}\n")).accounts["bob"].scram is not None


def test_a_file_that_cannot_be_used_is_told(path, tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        read_book(path)
    put(path, "").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_book(path)
    put(path, "bob\n").chmod(0o620)
    with pytest.raises(UsageError, match="can be changed by others"):
        read_book(path)
    with pytest.raises(UsageError, match="No such file"), changing(tmp_path / "no" / "users"):
        pass
    with pytest.raises(UsageError, match=r"the users file .*directory"), changing(tmp_path):
        pass


def test_a_disk_that_refuses_is_told_and_leaves_nothing(path, monkeypatch):
    class Full:
        def sync(self, files):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("reference_server.users.book.DISK", Full())
    with pytest.raises(UsageError, match="No space left"), changing(path) as accounts:
        accounts["alice"] = ALICE

    assert os.listdir(path.parent) == []


NAMES = {
    "alice": "alice",
    "Alice.B-c_1": "alice.b-c_1",
    "JÖSÉ": "jösé",
    "": None,
    "a b": None,
    "a/b": None,
    ".alice": None,
    "*": None,
    "#alice": None,
    "a\tb": None,
    "a\0b": None,
    "a\u200eb": None,
    "\u00ad": None,
    "\U0001f511": None,
}


@pytest.mark.parametrize(("name", "kept"), NAMES.items())
def test_a_name_is_fit_for_a_line_and_a_directory(name, kept):
    if kept is None:
        with pytest.raises(UsageError, match="no user's name"):
            check_name(name)
    else:
        assert check_name(name) == kept == folded(name)


@pytest.mark.parametrize(
    ("password", "words"),
    [("", "empty"), ("\u00ad", "RFC 4013"), ("a\u0007", "RFC 4013"), ("\U0001f511", "RFC 4013")],
)
def test_some_passwords_can_be_none(password, words):
    with pytest.raises(UsageError, match=words):
        make_account("alice", password)
