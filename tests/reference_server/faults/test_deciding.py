import pytest

from reference_server.faults.deciding import Counters, decide
from reference_server.faults.model import Drop, Facts, Stage, Trick
from reference_server.faults.reading import parse_table


def facts(**changed):
    settings = {"client": "127.0.0.1", "sender": "alice@crepes.fr",
                "recipients": ("bob@hamburger.edu",), "user": None}  # fmt: skip
    return Facts(**{**settings, **changed})


def happenings(text, met, *, stage=Stage.RCPT):
    """Whether something happens to each of these in turn: facts, or facts with a time."""
    table = parse_table(text)
    counters = Counters(table.seed)
    pairs = [one if isinstance(one, tuple) else (one, 0.0) for one in met]
    return [decide(table, stage, who, counters, now) is not None for who, now in pairs]


MEETINGS = {
    "anybody": ("{at: RCPT, drop: yes}", {}, True),
    "the recipient": ("{at: RCPT, recipient: Bob@Hamburger.edu, drop: yes}", {}, True),
    "another recipient": ("{at: RCPT, recipient: b@hamburger.edu, drop: yes}", {}, False),
    "one of several": (
        "{at: RCPT, recipient: [x@y.test, bob@*], drop: yes}", {}, True,
    ),
    "one of several there": (
        "{at: RCPT, recipient: c@d.test, drop: yes}", {"recipients": ("a@b.test", "c@d.test")}, True
    ),
    "a star is no dot": ("{at: RCPT, recipient: b.b@*, drop: yes}", {}, False),
    "the domain": ("{at: RCPT, domain: hamburger.edu, drop: yes}", {}, True),
    "subdomains": ("{at: RCPT, domain: '*.edu', drop: yes}", {}, True),
    "another domain": ("{at: RCPT, domain: crepes.fr, drop: yes}", {}, False),
    "no domain": ("{at: RCPT, domain: '', drop: yes}", {"recipients": ("postmaster",)}, True),
    "the sender": ("{at: RCPT, sender: alice@crepes.fr, drop: yes}", {}, True),
    "nobody as sender": ("{at: RCPT, sender: <>, drop: yes}", {"sender": ""}, True),
    "somebody is not nobody": ("{at: RCPT, sender: <>, drop: yes}", {}, False),
    "no sender yet": ("{at: RCPT, sender: '*', drop: yes}", {"sender": None}, False),
    "the user": ("{at: RCPT, user: bob, drop: yes}", {"user": "bob"}, True),
    "nobody logged in": ("{at: RCPT, user: '*', drop: yes}", {}, False),
    "the client": ("{at: RCPT, client: 127.0.0.0/8, drop: yes}", {}, True),
    "another client": ("{at: RCPT, client: 10.0.0.1, drop: yes}", {}, False),
    "a client of the other kind": ("{at: RCPT, client: '::1', drop: yes}", {}, False),
    "a client without address": (
        "{at: RCPT, client: '::1', drop: yes}", {"client": "local"}, False,
    ),
    "all must be met": (
        "{at: RCPT, client: 127.0.0.1, sender: x@y.test, drop: yes}", {}, False,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "changed", "happens"), MEETINGS.values(), ids=MEETINGS)
def test_whom_it_meets(text, changed, happens):
    assert happenings(text, [facts(**changed)]) == [happens]


A, B = facts(client="10.0.0.1"), facts(client="10.0.0.2")
BOB, CARL = facts(), facts(recipients=("Carl@hamburger.edu",))
CARL_AGAIN = facts(recipients=("carl@HAMBURGER.edu",))

T, F = True, False
TIMES = {
    "each time": ("{at: RCPT, drop: yes}", [A] * 3, [T, T, T]),
    "three times": ("{at: RCPT, times: 3, drop: yes}", [A] * 5, [T, T, T, F, F]),
    "the second": ("{at: RCPT, nth: 2, drop: yes}", [A] * 4, [F, T, F, F]),
    "first and third": ("{at: RCPT, nth: [1, 3], drop: yes}", [A] * 4, [T, F, T, F]),
    "every second": ("{at: RCPT, every: 2, drop: yes}", [A] * 5, [F, T, F, T, F]),
    "all together": ("{at: RCPT, times: 1, drop: yes}", [A, B, A, B], [T, F, F, F]),
    "per client": ("{at: RCPT, times: 1, per: client, drop: yes}", [A, B, A, B], [T, T, F, F]),
    "per recipient": (
        "{at: RCPT, times: 1, per: recipient, drop: yes}", [BOB, CARL, CARL_AGAIN], [T, T, F],
    ),
    "per domain": ("{at: RCPT, times: 1, per: domain, drop: yes}", [BOB, CARL], [T, F]),
    "per sender": (
        "{at: RCPT, times: 1, per: sender, drop: yes}",
        [BOB, facts(sender=""), facts(sender="ALICE@crepes.fr")], [T, T, F],
    ),
    "per user": (
        "{at: RCPT, times: 1, per: user, drop: yes}", [BOB, facts(user="al"), BOB], [T, T, F],
    ),
    "per connection": (
        "{at: RCPT, nth: 2, per: connection, drop: yes}",
        [facts(connection=n) for n in (1, 2, 1, 2)], [F, F, T, T],
    ),
    "only who is met is counted": (
        "{at: RCPT, nth: 2, recipient: bob@*, drop: yes}", [BOB, CARL, BOB], [F, F, T],
    ),
    "greylisted": (
        "greylist: 5m", [(A, 0), (A, 299), (B, 299), (A, 300), (A, 9_999), (B, 598), (B, 599)],
        [T, T, T, F, F, T, F],
    ),
    "greylisted by triplet": (
        "greylist: 5m", [(BOB, 0), (CARL, 400), (facts(sender=""), 400), (BOB, 400)], [T, T, T, F],
    ),
    "a rate": (
        "{at: RCPT, rate: 2/s}", [(A, t) for t in (0, 0, 0, 0.5, 0.5, 1.5, 1.5, 1.5)],
        [F, F, T, F, T, F, F, T],
    ),
    "a rate per client": (
        "{at: RCPT, rate: 1/s, per: client}", [(A, 0), (B, 0), (A, 0.5), (A, 1), (B, 1)],
        [F, F, T, F, F],
    ),
    "a rate with a burst": (
        "{at: RCPT, rate: 60/min, burst: 3}", [(A, t) for t in (0, 0, 0, 0, 1, 1)],
        [F, F, F, T, F, T],
    ),
    "what was saved is no more than the burst": (
        "{at: RCPT, rate: 2/s}", [(A, t) for t in (0, 1_000, 1_000, 1_000)], [F, F, F, T],
    ),
    "who is over the rate does not pay": (
        "{at: RCPT, rate: 1/s}", [(A, t) for t in (0, 0.2, 0.4, 0.6, 0.8, 1.0)],
        [F, T, T, T, T, F],
    ),
    "never": ("{at: RCPT, odds: 0, drop: yes}", [A] * 9, [F] * 9),
    "elsewhere": ("{at: MAIL, drop: yes}", [A], [F]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "met", "expected"), TIMES.values(), ids=TIMES)
def test_when_it_happens(text, met, expected):
    assert happenings(text, met) == expected


def test_the_same_seed_makes_the_same_accidents():
    def series(seed, name="x"):
        text = f"seed: {seed}\nfaults: [{{name: {name}, at: RCPT, odds: 30%, drop: yes}}]"
        return happenings(text, [BOB] * 1_000)

    assert series(1) == series(1)
    assert series(1) != series(2)
    assert series(1) != series(1, "y")
    assert 250 < sum(series(1)) < 350


def test_the_dice_of_a_row_do_not_depend_on_its_neighbours():
    alone = "[{name: x, at: RCPT, odds: 50%, drop: yes}]"
    among = "[{name: y, at: RCPT, odds: 50%, delay: 1s}, {name: x, at: RCPT, odds: 50%, drop: yes}]"
    table, counters = parse_table(among), Counters()
    tricks = [decide(table, Stage.RCPT, BOB, counters, 0) for _ in range(100)]
    assert [trick is not None and trick.drop is not None for trick in tricks] == happenings(
        alone, [BOB] * 100
    )


def test_rows_act_together_and_the_first_word_counts():
    table = parse_table(
        """
        - {at: RCPT, delay: 1s}
        - {at: RCPT, reply: 451 first}
        - {at: RCPT, delay: 5s, reply: 550 second, drop: yes}
        """
    )
    trick = decide(table, Stage.RCPT, BOB, Counters(), 0)
    assert trick is not None
    assert trick.reply is not None
    assert trick.reply.octets == b"451 first\r\n"
    assert (trick.delay, trick.drop) == (1, Drop.CLOSE)


def test_a_delay_is_rolled_again_and_again():
    table = parse_table("seed: 3\nfaults: [{at: RCPT, delay: 2s, again: 50%}]")
    counters = Counters(3)
    delays = [decide(table, Stage.RCPT, BOB, counters, 0).delay for _ in range(1_000)]
    assert {2.0, 4.0, 6.0} <= set(delays)
    assert all(delay % 2 == 0 for delay in delays)
    assert 3.5 < sum(delays) / 1_000 < 4.5
    never = parse_table("{at: RCPT, delay: 2s, again: 100%}")
    assert decide(never, Stage.RCPT, BOB, Counters(), 0).delay == 2_000  # it must end


def test_counters_tell_what_was_met_and_done():
    table, counters = parse_table("{name: x, at: RCPT, times: 1, drop: yes}"), Counters()
    for _ in range(3):
        decide(table, Stage.RCPT, BOB, counters, 0)
    (row,) = table.rows
    assert (counters.of(row).met, counters.of(row).done) == (3, 1)
    counters.forget("x")
    assert decide(table, Stage.RCPT, BOB, counters, 0) == Trick(drop=Drop.CLOSE)


def test_whom_a_row_remembers_is_limited():
    table = parse_table("{at: RCPT, times: 1, per: client, drop: yes}")
    counters = Counters(most_keys=2)
    met = [facts(client=f"10.0.0.{n}") for n in (1, 2, 1, 3, 1, 2)]
    told = [decide(table, Stage.RCPT, who, counters, 0) is not None for who in met]
    assert told == [T, T, F, T, F, T]  # 2 was met longest ago when 3 came
