"""TLS and log-ins, against the reference server on real sockets."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from harness.certificates import self_signed, server_context
from harness.errors import TargetUnreachable
from harness.runner.endings import Played
from harness.runner.plan import make_plan
from harness.runner.play import play
from harness.runner.run import run_suites
from harness.runner.settings import Settings
from harness.runner.stage import Stage
from harness.target import Address, Login, Scheme, Secret, Target, Timeouts, TlsPolicy
from harness.transcripts.loader import load_suite
from tests.runner.reference import reference
from tests.runner.stages import ADDRESS, CLOSE, SILENT, Peer, played, staged
from tests.wire.peers import listening

HARD = Path(__file__).parent.parent / "data" / "later" / "hard-cases.smtp.yaml"
NOOP = "C: NOOP\nS: 250"


async def result_of(case, target: Target) -> Played:
    return await play(case, Stage(target, Settings()))


SCRAM = "C: AUTH SCRAM-SHA-256 {sasl}\nS: 334\nC: {sasl}\n"
PLUS = SCRAM.replace("256", "256-PLUS")
VERIFIED = "S: 334\n* sasl verified\nC: {sasl}\nS: 235\n* sasl verified"

MET = {
    "starttls": ("hello", "* starttls\nC: EHLO x\nS: 250\n  has AUTH PLAIN"),
    "tls alone": ("hello", "C: STARTTLS\nS: 220\n* tls\nC: EHLO x\nS: 250"),
    "start tls": ("tls", NOOP),
    "start auth": ("auth", "C: AUTH PLAIN\nS: 503"),
    "auth": ("tls", "* auth PLAIN\nC: AUTH PLAIN\nS: 503"),
    "auth with two steps": ("tls", "* auth LOGIN"),
    "sasl": ("tls", "* sasl PLAIN\nC: AUTH PLAIN {sasl}\nS: 235"),
    "sasl in two steps": (
        "tls",
        "* sasl LOGIN\nC: AUTH LOGIN\nS: 334\nC: {sasl}\nS: 334\nC: {sasl}\nS: 235",
    ),
    "sasl without initial response": (
        "tls",
        "* sasl PLAIN\nC: AUTH PLAIN\nS: 334\nC: {sasl}\nS: 235",
    ),
    "a wrong password": (
        "tls",
        "* sasl PLAIN\n  password wrong\nC: AUTH PLAIN {sasl}\nS: 535\n  enhanced 5.7.8",
    ),
    "an empty password": ("tls", "* sasl PLAIN\n  password empty\nC: AUTH PLAIN {sasl}\nS: 535"),
    "somebody else": ("tls", "* sasl PLAIN\n  spoil authzid\nC: AUTH PLAIN {sasl}\nS: 535"),
    "a spoilt flag": (
        "tls",
        "* sasl SCRAM-SHA-256\n  spoil flag\nC: AUTH SCRAM-SHA-256 {sasl}\nS: 535",
    ),
    "an answer that is too many": (
        "tls",
        "* sasl PLAIN\nC: AUTH PLAIN {sasl}\nS: 235\nC: NOOP {sasl}\nS: 2xx|5xx",
    ),
    "CRAM-MD5": ("tls", "* sasl CRAM-MD5\nC: AUTH CRAM-MD5\nS: 334\nC: {sasl}\nS: 235"),
    "a server that proves itself": ("tls", f"* sasl SCRAM-SHA-256\n{SCRAM}{VERIFIED}"),
    "a log-in that is bound to TLS": ("tls", f"* sasl SCRAM-SHA-256-PLUS\n{PLUS}{VERIFIED}"),
    "a spoilt nonce": ("tls", f"* sasl SCRAM-SHA-256\n  spoil nonce\n{SCRAM}S: 535"),
    "a spoilt proof": ("tls", f"* sasl SCRAM-SHA-256-PLUS\n  spoil proof\n{PLUS}S: 535"),
    "a spoilt binding": ("tls", f"* sasl SCRAM-SHA-256-PLUS\n  spoil binding\n{PLUS}S: 535"),
    "mail over tls": (
        "data",
        "C: Subject: {token}\nC: .\nS: 250\n* starttls\nC: EHLO x\nS: 250",
    ),
}


@pytest.mark.parametrize(("start", "dialogue"), MET.values(), ids=MET)
async def test_steps_into_tls_and_log_ins_are_taken(author, tmp_path, start, dialogue):
    async with reference(tmp_path) as target:
        result = await result_of(author.case(dialogue, start=start), target)

    assert result.is_met, result
    assert b"wonderland" not in b"".join(exchange.octets for exchange in result.exchanges)


async def test_what_a_target_always_demands_is_on_the_way(author, tmp_path):
    case = author.case("C: MAIL FROM:<{sender}>\nS: 250")
    async with reference(tmp_path) as target:
        target = replace(target, always=frozenset({"tls", "auth"}))
        result = await result_of(case, target)

    assert result.is_met
    said = b"".join(exchange.octets for exchange in result.exchanges if exchange.who == "C")
    assert b"STARTTLS" in said
    assert b"AUTH SCRAM-SHA-256-PLUS ***\r\n" in said


async def test_a_case_about_tls_runs_on_a_listener_that_begins_with_it(author, tmp_path):
    certificate = self_signed(["localhost"], tmp_path)

    async def serve(stream):
        secured = trio.SSLStream(
            stream, server_context(*certificate), server_side=True, https_compatible=True
        )
        await Peer().serve(secured)

    async with listening(serve) as address:
        target = Target(
            address=replace(address, scheme=Scheme.SMTPS),
            tls=TlsPolicy(ca=certificate[0], server_name="localhost"),
        )
        plan = make_plan([author.suite(*SMTPS)], target, Settings())
        result = await run_suites(plan, Settings(), hears_signals=False)

    assert [outcome.verdict.value for outcome in result.outcomes] == ["met", "met", "skip"]


SMTPS = [
    f"id: {id}\ntitle: x\nchecks: []\nstart: {start}\ndialogue: |\n  {dialogue}"
    for id, start, dialogue in [
        ("hello", "hello", "C: NOOP\n  S: 250"),
        ("tls", "tls", "C: NOOP\n  S: 250"),
        ("starttls", "hello", "* starttls"),
    ]
]


# --- what goes wrong ---------------------------------------------------------------------------


async def test_starttls_that_is_refused_is_a_surprise(autojump_clock, author):
    result = await played(author.case("* starttls"), Peer(STARTTLS=b"454 not now\r\n"))

    assert result.surprise
    assert (result.surprise.wanted, result.surprise.met) == ("220", "454 not now")


class Rejoining(Peer):
    """Says something else in place of a handshake."""

    def __init__(self, instead: bytes) -> None:
        super().__init__(STARTTLS=b"220 go\r\n")
        self._instead = instead

    async def _answer(self, stream, verb, instead=None):
        goes_on = await super()._answer(stream, verb, instead)
        if verb == "STARTTLS":
            await stream.receive_some()
            if self._instead:
                await stream.send_all(self._instead)
            return False
        return goes_on


TLS = "C: STARTTLS\nS: 220\n* tls"


async def test_plain_text_in_place_of_a_handshake_is_a_surprise(autojump_clock, author):
    result = await played(author.case(TLS + "\n  or close"), Rejoining(b"250 hidden\r\n"))

    assert result.surprise
    assert result.surprise.wanted == "a TLS handshake|close"
    assert result.surprise.met == "the handshake was answered in plain text: 250 hidden"


async def test_a_handshake_may_be_a_close_where_that_is_allowed(autojump_clock, author):
    rest = "\nC: NOOP\nS: 250"

    assert (await played(author.case(f"{TLS}\n  or close{rest}"), Rejoining(b""))).is_met
    assert (await played(author.case(f"{TLS}\n  fails{rest}"), Rejoining(b""))).is_met
    assert (await played(author.case(f"{TLS}\n  fails{rest}"), Rejoining(b"x\r\n"))).is_met
    assert (await played(author.case(f"{TLS}\n  or fails{rest}"), Rejoining(b""))).is_met
    assert (await played(author.case(f"{TLS}\n  or fails{rest}"), Rejoining(b"x\r\n"))).is_met
    result = await played(author.case(TLS + rest), Rejoining(b""))
    assert result.surprise
    assert result.surprise.met == "closed within the TLS handshake"


async def test_a_handshake_that_should_fail_must_not_succeed(author, tmp_path):
    async with reference(tmp_path) as target:
        result = await result_of(author.case(TLS + "\n  fails"), target)

    assert result.surprise
    assert result.surprise.met == "one that succeeds"


async def test_a_silent_handshake_is_a_surprise(autojump_clock, author):
    class Mute(Rejoining):
        async def _answer(self, stream, verb, instead=None):
            if verb == "STARTTLS":
                await stream.send_all(b"220 go\r\n")
                await trio.sleep_forever()
            return await super()._answer(stream, verb, instead)

    result = await played(author.case(TLS), Mute(b""))

    assert result.surprise
    assert result.surprise.met == "silence for 5 s"


@pytest.mark.parametrize("start", ["tls", "hello"])
async def test_a_certificate_that_we_do_not_trust_is_our_trouble(author, tmp_path, start):
    dialogue = NOOP if start == "tls" else "* starttls"
    async with reference(tmp_path) as target:
        target = replace(target, tls=TlsPolicy())
        result = await result_of(author.case(dialogue, start=start), target)
        insecure = replace(target, tls=TlsPolicy(verify=False))
        assert (await result_of(author.case(dialogue, start=start), insecure)).is_met

    assert result.trouble.startswith("the certificate is not trusted: self-signed certificate;")
    assert "--insecure" in result.trouble


async def test_a_log_in_that_is_refused_is_a_surprise_in_a_dialogue(author, tmp_path):
    async with reference(tmp_path) as target:
        target = replace(target, login=Login("alice", Secret(text="wrong")))
        in_dialogue = await result_of(author.case("* auth PLAIN", start="tls"), target)
        in_start = await result_of(author.case(NOOP, start="auth"), target)

    assert in_dialogue.surprise
    assert in_dialogue.surprise.wanted == "235"
    assert in_dialogue.surprise.met.startswith("535")
    assert in_start.trouble.startswith("AUTH was answered 535")


async def test_a_log_in_that_is_not_offered_makes_the_case_void(author, tmp_path):
    async with reference(tmp_path) as target:
        result = await result_of(author.case("* auth PLAIN"), target)

    assert result.void == "the target does not offer AUTH PLAIN here"


OFFERS_AUTH = b"250-peer.test\r\n250 AUTH PLAIN\r\n"
LOGIN = Login("alice", Secret(text="wonderland"))


@pytest.mark.parametrize(
    ("answer", "met"), [(object(), "silence for 5 s"), (None, "closed")], ids=["silent", "closed"]
)
async def test_a_target_that_breaks_off_a_log_in_is_told(autojump_clock, author, answer, met):
    peer = Peer(EHLO=OFFERS_AUTH, AUTH=SILENT if answer else CLOSE)
    target = Target(address=ADDRESS, login=LOGIN)
    async with staged(peer, target) as stage:
        in_dialogue = await play(author.case("* auth PLAIN"), stage)
        in_start = await play(author.case(NOOP, start="auth"), stage)

    assert in_dialogue.surprise
    assert in_dialogue.surprise.met == met
    assert in_start.trouble.startswith("AUTH: ")


@pytest.mark.parametrize(
    ("dialogue", "words"),
    [
        (
            "* sasl PLAIN\n  spoil nonce\nC: AUTH PLAIN {sasl}\nS: 5xx",
            "there is no nonce in PLAIN to spoil",
        ),
        ("* sasl PLAIN\n* sasl verified", "by this mechanism no server proves itself"),
        ("* sasl OAUTHBEARER", "the target does not offer AUTH OAUTHBEARER here"),
    ],
)
async def test_what_no_mechanism_of_ours_can_do_makes_the_case_void(
    author, tmp_path, dialogue, words
):
    async with reference(tmp_path) as target:
        result = await result_of(author.case(dialogue, start="tls"), target)

    assert words in result.void


SCRAM_FIRST = b"250-peer.test\r\n250 AUTH SCRAM-SHA-256\r\n"


async def test_a_server_that_does_not_prove_itself_is_a_surprise(autojump_clock, author):
    peer = Peer(EHLO=SCRAM_FIRST, AUTH=b"334 dj1mb3JnZWQ=\r\n")
    dialogue = "* sasl SCRAM-SHA-256\nC: AUTH SCRAM-SHA-256 {sasl}\nS: 334\n* sasl verified"
    async with staged(peer, Target(address=ADDRESS, login=LOGIN)) as stage:
        result = await play(author.case(dialogue, start="hello"), stage)

    assert result.surprise
    assert result.surprise.wanted == "the server's signature"


async def test_a_log_in_without_proof_is_no_start(autojump_clock, author):
    peer = Peer(EHLO=SCRAM_FIRST, AUTH=b"235 welcome\r\n")
    async with staged(peer, Target(address=ADDRESS, login=LOGIN)) as stage:
        result = await play(author.case(NOOP, start="auth"), stage)

    assert "without having proven" in result.trouble


async def test_a_mechanism_may_be_tried_before_anything_is_offered(autojump_clock, author):
    peer = Peer(AUTH=b"503 hello first\r\n")
    case = author.case("* sasl CRAM-MD5\nC: AUTH CRAM-MD5\nS: 503", start="greeting")
    bound = author.case("* sasl SCRAM-SHA-256-PLUS", start="greeting")
    async with staged(peer, Target(address=ADDRESS, login=LOGIN)) as stage:
        assert (await play(case, stage)).is_met
        assert (await play(bound, stage)).void == "SCRAM-SHA-256-PLUS needs TLS"


@pytest.mark.parametrize("id", ["cram-wrong-password", "scram-foreign-nonce", "empty-challenge"])
async def test_the_hard_cases_about_log_ins_are_met_by_our_server(tmp_path, id):
    suite = load_suite(HARD)
    (case,) = [case for case in suite.cases if case.id == id]
    async with reference(tmp_path, auth_in_clear=True) as target:
        result = await result_of(case, target)

    assert result.is_met, result


# --- TLS spoken to a plain port, and the other way round ---------------------------------------


async def judged(author, target: Target):
    plan = make_plan([author.suite(*SMTPS[:1])], target, Settings())
    return await run_suites(plan, Settings(), hears_signals=False)


async def test_tls_spoken_to_a_plain_port_is_named(author, tmp_path):
    async with reference(tmp_path) as target:
        target = replace(target, address=replace(target.address, scheme=Scheme.SMTPS))
        with pytest.raises(TargetUnreachable) as refusal:
            await judged(author, target)

    assert "answered in plain text: 220 example.test" in str(refusal.value)
    assert str(refusal.value).endswith("use smtp://")


@asynccontextmanager
async def tls_port(directory):
    """One that shakes hands with one client at a time, as simple servers do."""
    certificate = self_signed(["localhost"], directory)
    one_at_a_time = trio.Lock()

    async def serve(stream):
        secured = trio.SSLStream(stream, server_context(*certificate), server_side=True)
        try:
            async with one_at_a_time:
                await secured.do_handshake()
            await trio.sleep_forever()
        except trio.BrokenResourceError:
            pass

    async with listening(serve) as address:
        yield address


IMPATIENT = Timeouts(greeting=0.1, reply=0.1, delivery=0.1)


@pytest.mark.slow
async def test_plain_text_spoken_to_a_tls_port_is_named(author, tmp_path):
    async with tls_port(tmp_path) as address:
        target = Target(address=address, timeouts=replace(IMPATIENT, reply=2.0))
        with pytest.raises(TargetUnreachable) as refusal:
            await judged(author, target)

    assert str(refusal.value) == (
        f"{address.endpoint} speaks TLS from the first octet: use smtps://{address.endpoint}"
    )


async def test_a_tls_port_whose_certificate_we_do_not_trust_is_no_target(author, tmp_path):
    async with tls_port(tmp_path) as address:
        target = Target(address=replace(address, scheme=Scheme.SMTPS))
        with pytest.raises(TargetUnreachable, match="not trusted"):
            await judged(author, target)


@pytest.mark.slow
async def test_a_mute_port_is_named(author):
    async def serve(stream):
        await trio.sleep_forever()

    async with listening(serve) as address:
        with pytest.raises(TargetUnreachable, match="accepts connections, but says nothing"):
            await judged(author, Target(address=address, timeouts=IMPATIENT))
        smtps = Target(address=replace(address, scheme=Scheme.SMTPS), timeouts=IMPATIENT)
        with pytest.raises(TargetUnreachable, match="no TLS handshake: nothing for"):
            await judged(author, smtps)


async def test_a_slow_port_that_hangs_up_on_tls_is_mute(author):
    async def serve(stream):
        await stream.receive_some()

    async with listening(serve) as address:
        with pytest.raises(TargetUnreachable, match="says nothing"):
            await judged(author, Target(address=address, timeouts=IMPATIENT))


async def test_a_slow_port_that_talks_back_to_tls_is_mute(author):
    async def serve(stream):
        await stream.receive_some()
        await stream.send_all(b"220 at last\r\n")

    async with listening(serve) as address:
        with pytest.raises(TargetUnreachable, match="says nothing"):
            await judged(author, Target(address=address, timeouts=IMPATIENT))


async def test_nobody_at_the_address_is_named(author):
    with pytest.raises(TargetUnreachable, match="nobody listens there"):
        await judged(author, Target(address=Address("127.0.0.1", 1)))


@pytest.mark.parametrize("answer", [b"454 not now\r\n", b"220 go\r\n"])
async def test_a_target_whose_tls_does_not_work_offers_what_it_offers_without(
    autojump_clock, author, answer
):
    peer = Peer(EHLO=b"250-peer.test\r\n250 STARTTLS\r\n", STARTTLS=[answer] * 2)
    async with staged(peer) as stage:
        stage.offers.clear()
        plan = make_plan([author.suite(*SMTPS[:1])], stage.target, Settings())
        result = await run_suites(plan, Settings(), hears_signals=False, stage=stage)

    assert result.outcomes[0].verdict.value == "met"
