"""TLS and log-ins, against the reference server on real sockets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import trio

from harness.runner.endings import Played
from harness.runner.play import play
from harness.runner.settings import Settings
from harness.runner.stage import Stage
from harness.target import Login, Secret, Target, TlsPolicy
from harness.transcripts.loader import load_suite
from tests.runner.reference import reference
from tests.runner.stages import ADDRESS, CLOSE, SILENT, Peer, played, staged

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
    unanswered = author.case(f"{TLS}\n  fails\n  unanswered{rest}")
    assert (await played(unanswered, Rejoining(b""))).is_met
    answered = await played(unanswered, Rejoining(b"x\r\n"))
    assert answered.surprise is not None
    assert answered.surprise.wanted == "nothing in plain text"
    assert (await played(author.case(f"{TLS}\n  or fails{rest}"), Rejoining(b""))).is_met
    assert (await played(author.case(f"{TLS}\n  or fails{rest}"), Rejoining(b"x\r\n"))).is_met
    result = await played(author.case(TLS + rest), Rejoining(b""))
    assert result.surprise
    assert result.surprise.met == "closed within the TLS handshake"


@pytest.mark.parametrize("host", ["named another.test", "unnamed"])
async def test_a_handshake_may_ask_for_another_host_and_for_none(author, tmp_path, host):
    async with reference(tmp_path) as target:
        result = await result_of(author.case(f"{TLS}\n  {host}\nC: EHLO x.test\nS: 250"), target)

    assert result.is_met


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
