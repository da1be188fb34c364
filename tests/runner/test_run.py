"""Many cases: order, number at a time, busy and vanishing targets, interruptions."""

from __future__ import annotations

import os
import signal

import pytest
import trio

from harness.errors import TargetUnreachable
from harness.results import Level, Outcome, RunResult
from harness.runner.plan import Plan, make_plan
from harness.runner.run import run_suites
from harness.runner.settings import Settings
from harness.target import Address, Target
from tests.runner.stages import ADDRESS, CLOSE, SILENT, Peer, block, staged


def cases(*dialogues: str) -> list[str]:
    return [block(dialogue, id=f"c{place}") for place, dialogue in enumerate(dialogues)]


async def run(
    author, peer: Peer, dialogues: list[str], on_outcome=lambda outcome: None, **options
) -> RunResult:
    settings = Settings(**options)
    async with staged(peer, settings=settings) as stage:
        stage.offers.clear()
        suite = author.suite(*dialogues)
        plan = make_plan([suite], stage.target, settings)
        return await run_suites(plan, settings, on_outcome, hears_signals=False, stage=stage)


MET, UNMET = "C: NOOP\nS: 250", "C: NOOP\nS: 251"


def verdicts(result: RunResult) -> dict[str, str]:
    return {outcome.name: outcome.verdict.value for outcome in result.outcomes}


async def test_a_run_tells_all_that_there_is_to_know(autojump_clock, author):
    result = await run(author, Peer(), cases(MET, UNMET), seed=7, level=Level.SHOULD)

    assert verdicts(result) == {"c0": "met", "c1": "warn"}
    assert (result.target, result.seed, result.segment) == ("smtp://peer.test:25", 7, "whole")
    assert result.greeting == "220 peer.test ESMTP"
    assert (result.selected, result.judged, result.exit_status) == (2, 2, 1)
    assert result.started.endswith("+00:00")


@pytest.mark.parametrize("jobs", [1, 3, 50])
async def test_outcomes_come_in_the_order_of_the_suite(autojump_clock, author, jobs):
    # The earlier a case stands, the longer it takes.
    dialogues = [f"* wait {9 - place}s\nC: NOOP\nS: 250" for place in range(8)]
    told: list[str] = []
    result = await run(
        author,
        peer := Peer(),
        cases(*dialogues),
        lambda outcome: told.append(outcome.name),
        jobs=jobs,
        slow=True,
    )

    assert told == list(verdicts(result)) == [f"c{place}" for place in range(8)]
    assert peer.most_open == min(jobs, 8)


async def test_each_case_has_a_connection_of_its_own(autojump_clock, author):
    peer = Peer()
    await run(author, peer, cases(MET, MET, MET))

    assert peer.connections == 4  # one finds out what the target offers


async def test_a_busy_target_is_met_again_later_with_fewer_at_a_time(autojump_clock, author):
    peer = Peer()
    peer.room = 2
    result = await run(author, peer, cases(*[f"* wait 1s\n{MET}"] * 12), jobs=8)

    assert set(verdicts(result).values()) == {"met"}
    assert result.seconds < 20


async def test_a_target_that_stays_busy_is_an_error_and_no_fault(autojump_clock, author):
    peer = Peer(greeting=[b"220 hi\r\n", *[b"421 no room\r\n"] * 5])
    result = await run(author, peer, cases(MET))

    assert verdicts(result) == {"c0": "error"}
    assert result.outcomes[0].reason == "the greeting was answered 421 no room"
    assert peer.connections == 6
    assert result.exit_status == 3


async def test_a_refused_start_is_told_once_in_full(autojump_clock, author):
    starts = [block(MET, start="mail", id=f"c{place}") for place in range(3)]
    result = await run(author, Peer(MAIL=b"550 not from you, dear stranger\r\n"), starts)

    reasons = [outcome.reason for outcome in result.outcomes]
    assert reasons[0] == (
        "the start was refused: MAIL was answered 550 not from you, dear stranger"
    )
    assert reasons[1] == reasons[2]
    assert reasons[1] == f"{reasons[0][:60]}... (as for test/suite/c0)"


async def test_fail_fast_ends_with_the_first_failure(autojump_clock, author):
    result = await run(author, Peer(), cases(MET, UNMET, MET), fail_fast=True, level=Level.SHOULD)

    assert verdicts(result) == {"c0": "met", "c1": "warn"}
    assert (result.selected, result.total) == (3, 3)


async def test_fail_fast_lets_what_is_below_the_level_pass(autojump_clock, author):
    result = await run(author, Peer(), cases(MET, UNMET, MET), fail_fast=True)

    assert len(result.outcomes) == 3


async def test_a_target_that_vanishes_ends_the_run_and_what_was_judged_stands(
    autojump_clock, author
):
    peer = Peer()

    def vanish(text: bytes, said: list[bytes]) -> None:
        peer.is_gone = True

    peer.on_text = vanish
    killer = "C: DATA\nS: 354\nC: .\nS: 250"
    result = await run(author, peer, cases(MET, killer, MET, MET))

    assert verdicts(result) == {"c0": "met", "c1": "met", "c2": "error"}
    assert result.outcomes[2].reason == (
        "the target is gone: peer.test:25: nobody listens there; "
        "the last case before that was test/suite/c1"
    )
    assert (result.total, result.exit_status) == (4, 3)


async def test_a_target_that_is_restarted_is_met_again(autojump_clock, author):
    peer = Peer()

    async def come_back() -> None:
        await trio.sleep(1)
        peer.is_gone = False

    async with trio.open_nursery() as nursery:

        def vanish(text: bytes, said: list[bytes]) -> None:
            peer.is_gone = True
            nursery.start_soon(come_back)

        peer.on_text = vanish
        result = await run(author, peer, cases("C: DATA\nS: 354\nC: .\nS: 250", MET))

    assert verdicts(result) == {"c0": "met", "c1": "met"}


async def test_a_target_that_comes_back_only_to_vanish_is_gone(autojump_clock, author):
    class Flickering(Peer):
        lives = 3  # the probe, a case, and a look whether it is there again

        @property
        def is_gone(self) -> bool:
            self.lives -= 1
            return self.lives in (1, -1, -2)

        @is_gone.setter
        def is_gone(self, value: bool) -> None:
            pass

    result = await run(author, Flickering(), cases(MET, MET))

    assert verdicts(result) in ({"c0": "met", "c1": "error"}, {"c0": "error"})


async def test_nobody_there_to_begin_with_is_no_result_at_all(autojump_clock, author):
    peer = Peer()
    peer.is_gone = True

    with pytest.raises(TargetUnreachable):
        await run(author, peer, cases(MET))


async def test_who_waits_for_a_target_meets_it(autojump_clock, author):
    peer = Peer()
    peer.is_gone = True

    async def appear() -> None:
        await trio.sleep(20)
        peer.is_gone = False

    async with trio.open_nursery() as nursery:
        nursery.start_soon(appear)
        result = await run(author, peer, cases(MET), wait_for_target=30.0)

    assert verdicts(result) == {"c0": "met"}


async def test_nobody_is_met_if_there_is_nothing_to_play(autojump_clock, author):
    peer = Peer()
    result = await run(author, peer, [block(MET, "needs: [greylist]", id="c0")])

    assert verdicts(result) == {"c0": "skip"}
    assert peer.connections == 0
    assert result.exit_status == 3


async def test_what_the_target_does_not_offer_is_skipped(autojump_clock, author):
    blocks = [
        block(MET, f"needs: [{word}]", id=word.lower()) for word in ("SIZE", "CHUNKING", "DSN")
    ]
    result = await run(author, Peer(), blocks)

    assert verdicts(result) == {"size": "met", "chunking": "skip", "dsn": "skip"}
    assert result.outcomes[1].reason == "the target does not offer CHUNKING"


async def test_a_listener_that_is_not_there_costs_its_own_cases_alone(autojump_clock, author):
    lmtp = Address("peer.test", 24)
    target = Target(address=ADDRESS, listeners={"lmtp": lmtp})
    settings = Settings()
    async with staged(Peer(), target, settings) as stage:
        dial = stage._dial

        async def dial_one(address, *others):
            if address == lmtp:
                raise TargetUnreachable("peer.test:24: nobody listens there")
            return await dial(address, *others)

        stage._dial = dial_one
        suite = author.suite(block(MET, "over: lmtp", id="c0"), block(MET, id="c1"))
        plan = make_plan([suite], target, settings)
        result = await run_suites(plan, settings, hears_signals=False, stage=stage)

    assert verdicts(result) == {"c0": "error", "c1": "met"}


async def test_a_bug_of_ours_costs_one_case_alone(autojump_clock, author):
    settings = Settings()
    async with staged(Peer(), settings=settings) as stage:
        values = stage.values

        def broken(case, token):
            if case.id == "c0":
                raise LookupError("oh")
            return values(case, token)

        stage.values = broken
        plan = make_plan([author.suite(*cases(MET, MET))], stage.target, settings)
        result = await run_suites(plan, settings, hears_signals=False, stage=stage)

    assert verdicts(result) == {"c0": "error", "c1": "met"}
    assert result.outcomes[0].reason.startswith("a bug in smtp-harness: LookupError: oh (in broken")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_run_that_is_interrupted_keeps_what_was_judged(author, number):
    def interrupt(outcome: Outcome) -> None:
        os.kill(os.getpid(), number)

    settings = Settings()
    async with staged(Peer(NOOP=[b"250 ok\r\n", SILENT]), settings=settings) as stage:
        plan: Plan = make_plan([author.suite(*cases(MET, MET, MET))], stage.target, settings)
        result = await run_suites(plan, settings, interrupt, stage=stage)

    assert verdicts(result) == {"c0": "met"}
    assert (result.interrupted, result.signal) == (True, signal.Signals(number).name)


async def test_what_ended_before_an_interruption_is_told_over_the_gaps(autojump_clock, author):
    # The first case never ends before the second has failed fast.
    result = await run(
        author,
        Peer(),
        cases(f"* wait 1s\n{MET}", UNMET),
        jobs=2,
        fail_fast=True,
        level=Level.SHOULD,
    )

    assert verdicts(result) == {"c1": "warn"}


async def test_the_same_seed_makes_the_same_octets(autojump_clock, author):
    heard = []
    for seed in (1, 1, 2):
        peer = Peer()
        await run(author, peer, cases("C: NOOP {token}\nS: 250"), seed=seed)
        heard.append([line for line in peer.heard if line.startswith(b"NOOP")])

    assert heard[0] == heard[1] != heard[2]


async def test_a_server_that_says_nothing_after_its_greeting_cannot_be_judged(
    autojump_clock, author
):
    with pytest.raises(TargetUnreachable, match="greets, but does not answer EHLO"):
        await run(author, Peer(EHLO=SILENT), cases(MET))


@pytest.mark.parametrize(
    ("peer", "words"),
    [
        (Peer(greeting=b"554 no SMTP service here\r\n"), "refuses to serve us: 554 no SMTP"),
        (Peer(greeting=b"SSH-2.0-OpenSSH_9.2\r\n"), "does not speak SMTP: no reply but SSH-2.0"),
        (Peer(greeting=SILENT), "accepts connections, but says nothing for 5 s"),
        (Peer(greeting=b"220 half"), "in its greeting: no line end within 5 s, only 220 half"),
        (Peer(greeting=b"220-on\r\n" * 200_000), r"greets without end: 220-on\r\n220-on\r\n"),
        (Peer(greeting=CLOSE), "the connection was closed before the greeting"),
        (Peer(greeting=b"421 busy\r\n"), "the greeting is 421 busy"),
        (Peer(EHLO=b"421 busy\r\n"), "EHLO client.example.test was answered 421 busy"),
    ],
    ids=["554", "SSH", "mute", "half", "endless", "closes", "421", "421 later"],
)
async def test_who_does_not_speak_smtp_with_us_is_named(autojump_clock, author, peer, words):
    with pytest.raises(TargetUnreachable) as refusal:
        await run(author, peer, cases(MET))

    assert words in str(refusal.value)
    assert len(str(refusal.value)) < 400


async def test_a_target_that_hangs_up_on_ehlo_is_still_judged(autojump_clock, author):
    result = await run(author, Peer(EHLO=CLOSE), [block("S: 220", start="connect", id="c0")])

    assert verdicts(result) == {"c0": "met"}


async def test_a_target_that_knows_neither_ehlo_nor_helo_offers_nothing(autojump_clock, author):
    peer = Peer(EHLO=b"500 what?\r\n", HELO=b"500 what?\r\n")
    blocks = [
        block("S: 220", start="connect", id="c0"),
        block("S: 220", "needs: [SIZE]", start="connect", id="c1"),
    ]

    assert verdicts(await run(author, peer, blocks)) == {"c0": "met", "c1": "skip"}
