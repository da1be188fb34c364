import pytest

from harness.protocol.sasl import Ability, Denied, Granted, Login, open_client, open_server
from reference_server.users import MemoryUsers
from tests.protocol.sasl.exchanges import converse, server_side

USERS = MemoryUsers({"Alice": "secret", "bob": None, "jösé": "pass\u00a0word"})


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"])
@pytest.mark.parametrize(
    ("user", "password", "knows"),
    [
        ("alice", "secret", True),
        ("ALICE", "secret", True),
        ("jösé", "pass word", True),
        ("alice", "guess", False),
        ("bob", "secret", False),
        ("bob", "", False),
        ("nobody", "secret", False),
    ],
)
def test_who_knows_the_password_gets_in_by_every_mechanism(mechanism, user, password, knows):
    client = open_client(mechanism, Login(user, password))
    server = open_server(mechanism, server_side(USERS, bindings={}))

    assert converse(client, server) == (Granted(user) if knows else Denied())


def test_users_are_who_was_named():
    assert set(USERS) == {"alice", "bob", "jösé"}
    assert len(USERS) == 3
    assert "alice" in USERS


def test_whatever_nobody_has_a_password_for_is_not_offered():
    assert set(USERS.abilities) == {Ability.PASSWORD, Ability.SCRAM, Ability.SECRET}
    assert list(MemoryUsers({"bob": None}).abilities) == []
    assert USERS.owner_of("token") is None


def test_an_unknown_user_has_the_same_salt_every_time_and_none_that_others_have():
    salts = [USERS.scram_keys(name).salt for name in ("nobody", "Nobody", "alice", "bob", "carol")]

    assert salts[0] == salts[1]
    assert len(set(salts)) == 4
    assert {len(salt) for salt in salts} == {16}
    assert MemoryUsers({}).scram_keys("nobody").salt != salts[0]  # nobody else can compute it


def test_no_password_is_shown():
    assert "secret" not in repr(USERS)
    assert "secret" not in repr(vars(USERS)["_decoy"])
