import os
from dataclasses import replace

import pytest

from harness.protocol.sasl import Ability, Denied, Granted, Login, open_client, open_server
from reference_server.users import FileUsers
from reference_server.users.book import Account, changing, make_account, token_mark
from tests.protocol.sasl.exchanges import converse, server_side

ALICE = make_account("alice", "wonderland", keeps_secret=True)
BOB = make_account("bob", "builder")
CAROL = Account(name="carol", tokens=frozenset({token_mark("t0ken")}))


def write(path, *accounts):
    with changing(path) as known:
        known.clear()
        known.update({account.name: account for account in accounts})
    # The clock of a file system may be coarse: what was written twice in a moment has two times.
    write.count += 1
    os.utime(path, ns=(write.count, write.count))


write.count = 0


@pytest.fixture
def path(tmp_path):
    write(tmp_path / "users", ALICE, BOB, CAROL)
    return tmp_path / "users"


def log_in(users: FileUsers, mechanism: str, user: str, password: str) -> Granted | Denied | None:
    side = server_side(users, bindings={})
    return converse(open_client(mechanism, Login(user, password)), open_server(mechanism, side))


LOG_INS = {
    "a password": ("PLAIN", "alice", "wonderland", True),
    "whatever the case": ("PLAIN", "ALICE", "wonderland", True),
    "another's password": ("PLAIN", "alice", "builder", False),
    "nobody": ("PLAIN", "nobody", "wonderland", False),
    "no password at all": ("PLAIN", "carol", "t0ken", False),
    "SCRAM": ("SCRAM-SHA-256", "Alice", "wonderland", True),
    "SCRAM, wrong": ("SCRAM-SHA-256", "alice", "builder", False),
    "SCRAM, nobody": ("SCRAM-SHA-256", "nobody", "wonderland", False),
    "SCRAM, no keys": ("SCRAM-SHA-256", "carol", "t0ken", False),
    "a secret": ("CRAM-MD5", "alice", "wonderland", True),
    "a secret that is not kept": ("CRAM-MD5", "bob", "builder", False),
    "a secret of nobody": ("CRAM-MD5", "nobody", "builder", False),
    "a token": ("OAUTHBEARER", "carol", "t0ken", True),
    "another's token": ("OAUTHBEARER", "alice", "t0ken", False),
    "no token": ("OAUTHBEARER", "carol", "t1ken", False),
}


@pytest.mark.parametrize(("mechanism", "user", "password", "knows"), LOG_INS.values(), ids=LOG_INS)
def test_who_is_in_the_file_logs_in_with_what_stands_there(path, mechanism, user, password, knows):
    told = log_in(FileUsers(path), mechanism, user, password)

    assert told == (Granted(user) if knows else Denied())


def test_users_are_who_stands_in_the_file_or_was_named(path):
    users = FileUsers(path, {"Dave": "diving", "eve": None})

    assert list(users) == ["alice", "bob", "carol", "dave", "eve"]
    assert len(users) == 5
    assert "eve" in users
    assert "Eve" not in users  # it is folded names that are asked for
    assert log_in(users, "PLAIN", "dave", "diving") == Granted("dave")
    assert users.takes_time


def test_a_user_who_is_added_can_log_in_and_one_who_is_removed_cannot(path):
    users = FileUsers(path)
    write(path, BOB, make_account("zoe", "zebra"))

    assert list(users) == ["bob", "zoe"]
    assert log_in(users, "PLAIN", "zoe", "zebra") == Granted("zoe")
    assert log_in(users, "PLAIN", "alice", "wonderland") == Denied()


def test_a_changed_password_counts_at_once_and_the_old_one_no_more(path):
    users = FileUsers(path)
    assert log_in(users, "PLAIN", "bob", "builder") == Granted("bob")
    write(path, make_account("bob", "baker"))

    assert log_in(users, "PLAIN", "bob", "builder") == Denied()
    assert log_in(users, "PLAIN", "bob", "baker") == Granted("bob")


@pytest.mark.parametrize("break_it", [lambda it: it.unlink(), lambda it: it.write_text("Bob\n")])
def test_a_file_that_has_become_unreadable_changes_nothing_and_is_told_once(path, break_it):
    told: list[str] = []
    users = FileUsers(path, tell=told.append)
    break_it(path)

    for _ in range(3):
        assert "alice" in users
    assert len(told) == 1
    assert str(path) in told[0]
    path.unlink(missing_ok=True)
    write(path, BOB)
    assert list(users) == ["bob"]


def test_nobody_else_is_told_on_stderr(path, capsys):
    users = FileUsers(path)
    path.unlink()

    assert "alice" in users
    assert "the users are still those from before" in capsys.readouterr().err


ABILITIES = {
    "all": ([ALICE, BOB, CAROL], set(Ability)),
    "hashed": ([BOB], {Ability.PASSWORD, Ability.SCRAM}),
    "no keys": ([replace(BOB, scram=None)], {Ability.PASSWORD}),
    "tokens": ([CAROL], {Ability.TOKEN}),
    "nobody": ([], set()),
}


@pytest.mark.parametrize(("accounts", "abilities"), ABILITIES.values(), ids=ABILITIES)
def test_what_at_least_one_user_can_do_is_offered(path, accounts, abilities):
    write(path, *accounts)

    assert set(FileUsers(path).abilities) == abilities


def test_unknown_users_look_the_same_after_a_restart(path):
    one, other = FileUsers(path), FileUsers(path)

    assert one.scram_keys("nobody") == other.scram_keys("Nobody")
    assert one.shared_secret("nobody") == other.shared_secret("nobody")
    assert one.scram_keys("nobody").salt != one.scram_keys("carol").salt
    assert len(one.scram_keys("nobody").salt) == len(one.scram_keys("alice").salt)


def test_a_wrong_password_and_an_unknown_user_compute_the_same(path, monkeypatch):
    computed: list[tuple[int, int, int]] = []
    users = FileUsers(path)
    scrypt = __import__("hashlib").scrypt

    def counted(password, *, salt, n, r, p, **more):
        computed.append((n, r, p))
        return scrypt(password, salt=salt, n=n, r=r, p=p, **more)

    monkeypatch.setattr("reference_server.users.passwords.hashlib.scrypt", counted)
    for name in ("alice", "nobody", "carol"):
        assert not users.knows_password(name, "wrong")

    assert computed == [(2**14, 8, 1)] * 3
