"""`smtp-harness probe`: the card, as text and as JSON."""

from __future__ import annotations

import json

import pytest

from harness.cli.carding import WIDTH, lines
from harness.cli.embedded import embedded
from harness.probing.card import (
    Accepted,
    Asked,
    Card,
    Certificate,
    Judged,
    Layer,
    Measured,
    Tls,
    Verdict,
)
from tests.cli.scripted import scripted

CERTIFICATE = Certificate(
    subject="CN=mx.test",
    issuer="CN=authority",
    is_self_issued=False,
    names=tuple(f"host{number}.example.test" for number in range(12)),
    not_before="2026-01-02T03:04:05+00:00",
    not_after="2026-04-02T03:04:05+00:00",
    days_left=-7,
    key="RSA, 2048 bits",
    signature="sha256",
    trusted="certificate has expired",
)

CARD = Card(
    target="smtp://mx.test:25",
    greeting="220 mx.test \x1b[31mESMTP",
    greeted_after=0.0123,
    layers=(
        Layer(
            within_tls=False,
            domain="mx.test",
            extensions={
                "PIPELINING": Judged(verdict=Verdict.WORKS),
                "DSN": Judged(verdict=Verdict.BROKEN, note="takes RET=NOTHING too: 250 \x07" * 5),
                "CHUNKING": Judged(verdict=Verdict.ABSENT, note="500"),
                "SIZE": Judged(verdict=Verdict.ABSENT),
                "X" * 30: Judged(verdict=Verdict.TOLD),
                "X-OWN": Judged(verdict=Verdict.TOLD, parameters=("a",)),
            },
        ),
        Layer(
            within_tls=True,
            domain="mx.test",
            extensions={
                "PIPELINING": Judged(verdict=Verdict.UNADVERTISED),
                "CHUNKING": Judged(verdict=Verdict.ABSENT),
                "SIZE": Judged(verdict=Verdict.UNPROVEN, note="530 log in"),
            },
            mechanisms=("SCRAM-SHA-256", "PLAIN"),
        ),
    ),
    recipients=(
        Asked(recipient="a@b", code=250, reply="250 ok", wished=True),
        Asked(recipient="a-very-long-local-part@b.test", code=250, reply="250 ok", wished=False),
    ),
    tls=Tls(
        way="STARTTLS",
        negotiated="TLSv1.3, X",
        versions=(
            Accepted(version="TLS 1.3", is_accepted=True, ciphers=("X",)),
            Accepted(version="TLS 1.2", is_accepted=True, ciphers=("A-B", "C-D"), are_all=True),
            Accepted(version="TLS 1.1", is_accepted=False, note="protocol version"),
            Accepted(version="TLS 1.0", is_accepted=None, note="no protocols available"),
        ),
        certificate=CERTIFICATE,
    ),
    limits=(
        Measured(what="message size", told="10 octets", found="MAIL takes SIZE=10"),
        Measured(what="errors", found="still there"),
    ),
    sent="a@b: 250 ok",
    connections=3,
    seconds=1.25,
)


def test_a_card_fits_a_terminal_and_moves_none():
    shown = list(lines(CARD))

    assert max(map(len, shown)) <= WIDTH
    assert all(line.isprintable() for line in shown)


@pytest.mark.parametrize(
    "line",
    [
        "  greeting          220 mx.test \\x1B[31mESMTP",
        "EXTENSIONS             RFC  in the clear  within TLS",
        "  PIPELINING          2920  works         unadvertised  commands in groups",
        "  SIZE                1870  -             unproven      size before the text",
        "      within TLS: 530 log in",
        "  DSN                 3461  BROKEN        -             when to notify, and how",
        "  X-OWN                     told          -             unknown to us",
        "  XXXXXXXXXXXXXXXX...       told          -             unknown to us",
        "  not there         CHUNKING",
        "  TLS 1.3           accepted: X, and perhaps more",
        "  TLS 1.2           accepted: A-B, C-D, and no other",
        "  TLS 1.1           refused (protocol version)",
        "  TLS 1.0           could not be tried here (no protocols available)",
        "  issuer            CN=authority",
        "  valid             2026-01-02 to 2026-04-02, ended 7 days ago",
        "  trusted           no: certificate has expired",
        "  in the clear      none",
        "  within TLS        SCRAM-SHA-256 PLAIN",
        "  a@b               taken: 250 ok",
        "                    (!) taken: 250 ok",
        "  message size      told 10 octets; MAIL takes SIZE=10",
        "  was answered      a@b: 250 ok",
        "3 connections in 1.2 s",
    ],
)
def test_a_card_says(line: str):
    assert line in list(lines(CARD))


@pytest.mark.slow
def test_our_own_server_keeps_its_word(invoke, server, tmp_path):
    path = tmp_path / "target.yaml"
    path.write_text(
        f"address: {server.address}\nrecipients: [alice@example.test]\n"
        f"tls: {{ca: {server.tls.ca}, server_name: localhost}}\n"
    )
    done = invoke("probe", path, "--json", "--no-limits")

    assert done.exit_code == 0, done.output
    card = json.loads(done.output)
    assert card["format"] == "smtp-harness-card/1"
    assert [layer["within_tls"] for layer in card["layers"]] == [False, True]
    for layer in card["layers"]:
        for keyword, judged in layer["extensions"].items():
            # VRFY works, and need not be told of.
            assert judged["verdict"] in ("works", "told", "absent") or keyword == "VRFY", judged
    assert card["tls"]["certificate"]["trusted"] == ""
    assert [one["wished"] for one in card["recipients"]] == [
        200 <= one["code"] < 300 for one in card["recipients"]
    ]


@pytest.mark.slow
def test_all_of_it_is_measured_on_loopback(invoke):
    done = invoke("probe", "--idle", "1ms", "--send")

    assert done.exit_code == 0, done.output
    assert max(map(len, done.output.splitlines())) <= WIDTH
    for words in ("512 octets, not 513", "hung up at number", "1,000 are taken", "still there",
                  "accepted: TLS_AES_256_GCM_SHA384", "Message accepted"):  # fmt: skip
        assert words in done.output


# the lie of our server -> the extension that is shown to be broken by it, and words of the note
LIES = {
    "size-ignored": ("SIZE", "10485761"),
    "unknown-command-unanswered": ("PIPELINING", ""),
}


@pytest.mark.slow
@pytest.mark.parametrize("lie", LIES)
def test_a_liar_is_found_out(invoke, lie):
    keyword, words = LIES[lie]
    with embedded(lie) as target:
        done = invoke("probe", target.address, "--json", "--no-limits", "--timeout", "1s")

    judged = json.loads(done.output)["layers"][0]["extensions"][keyword]
    assert judged["verdict"] == "broken"
    assert words in judged["note"]


def test_nobody_there_is_trouble(invoke):
    done = invoke("probe", "127.0.0.1:1")

    assert done.exit_code == 3
    assert "nobody listens there" in done.output


def test_a_refusal_is_trouble(invoke):
    with scripted({"greeting": "554 no"}) as heard:
        done = invoke("probe", f"127.0.0.1:{heard.port}")

    assert done.exit_code == 3
    assert "554 no" in done.output


def test_dialogues_are_shown_on_request(invoke):
    with scripted({"greeting": "554 no"}) as heard:
        done = invoke("probe", f"127.0.0.1:{heard.port}", "-v")

    assert "S: 554 no" in done.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--idle", "long"), "--idle must be a duration"),
        (("--login", "alice:env:NOT_SET"), "NOT_SET"),
        (("--login", "alice:secret"), "never the password itself"),
        (("--to", "a b"), "no mailbox"),
    ],
)
def test_wrong_use_is_told(invoke, options, words):
    done = invoke("probe", "127.0.0.1:1", *options)

    assert done.exit_code == 2
    assert words in done.output
