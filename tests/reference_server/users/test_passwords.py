import pytest

from reference_server.users.passwords import Hash, Remembered, hash_password, read_hash

HASH = hash_password("wonderland")


def test_a_hash_fits_its_password_alone_and_is_never_the_same_twice():
    assert HASH.fits("wonderland")
    assert not HASH.fits("Wonderland")
    assert not HASH.fits("")
    assert hash_password("wonderland").octets != HASH.octets


def test_a_hash_is_read_as_it_was_written():
    assert read_hash(str(HASH)) == HASH


SALTED = "AAAAAAAAAAAAAAAAAAAAAA==,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@pytest.mark.parametrize(
    "text",
    [
        "",
        "wonderland",
        f"16384,8,{SALTED}",
        f"x,8,1,{SALTED}",
        f"16383,8,1,{SALTED}",  # no power of two
        f"0,8,1,{SALTED}",
        f"1,8,1,{SALTED}",
        f"16384,0,1,{SALTED}",
        f"16384,8,0,{SALTED}",
        f"1048576,8,16,{SALTED}",  # would take 16 GB
        "16384,8,1,AAAA,AAAA",
        "16384,8,1,AAAA,???",
        f"16384,8,1,{SALTED},more",
    ],
)
def test_what_is_no_hash_or_costs_too_much_is_not_read(text):
    assert read_hash(text) is None


def test_a_hash_with_other_costs_is_checked_by_them():
    cheap = Hash(salt=b"salt", octets=bytes(32), n=2, r=1, p=1)

    assert not cheap.fits("wonderland")


class Counted(Hash):
    """Says how often it was computed."""

    count = 0

    def fits(self, password: str) -> bool:
        type(self).count += 1
        return password == "right"


@pytest.fixture
def counted():
    Counted.count = 0
    return Counted(salt=b"salt", octets=b"octets")


def test_a_success_is_paid_for_once_and_a_failure_every_time(counted):
    remembered = Remembered()

    assert [remembered.fits("alice", "right", counted) for _ in range(3)] == [True] * 3
    assert counted.count == 1
    assert [remembered.fits("alice", "wrong", counted) for _ in range(3)] == [False] * 3
    assert counted.count == 4


def test_what_is_remembered_is_one_users_and_one_hashs(counted):
    remembered = Remembered()
    remembered.fits("alice", "right", counted)

    remembered.fits("bob", "right", counted)
    remembered.fits("alice", "right", Counted(salt=b"salt", octets=b"since changed"))

    assert counted.count == 3


def test_what_is_remembered_is_bounded_and_the_latest_stays(counted):
    remembered = Remembered(most=2)
    for name in ("alice", "bob", "alice", "carol"):
        remembered.fits(name, "right", counted)
    assert len(remembered) == 2
    before = counted.count

    remembered.fits("alice", "right", counted)
    assert counted.count == before
    remembered.fits("bob", "right", counted)
    assert counted.count == before + 1


def test_nothing_of_a_password_is_kept_where_it_is_remembered(counted):
    remembered = Remembered()
    remembered.fits("alice", "right", counted)

    assert "right" not in repr(vars(remembered))
    assert "octets" not in repr(HASH)
