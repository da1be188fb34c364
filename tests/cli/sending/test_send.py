"""`smtp-harness send`, against servers with a script and against our own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.scripted import HANGS_UP, scripted


def send_to(invoke, heard, *words, **options):
    done = invoke("send", f"127.0.0.1:{heard.port}", "--timeout", "2s", *words, **options)
    assert "Traceback" not in done.output
    return done


CHUNKING = {"EHLO": "250-mx.test\r\n250-PIPELINING\r\n250 CHUNKING"}

# the server's answers, options -> the exit status, words of the output
STATUSES = {
    "sent": ({}, (), 0, "accepted for postmaster: 250 fine"),
    "greeting": ({"greeting": "554 no"}, (), 21, "not sent: greeting was answered 554 no"),
    "greeting put off": ({"greeting": "421 later"}, (), 21, "421 later"),
    "hello": ({"EHLO": "451 no"}, (), 22, "not sent: EHLO was answered 451 no"),
    "HELO too": ({"EHLO": "500 no", "HELO": "550 no"}, (), 22, "HELO was answered"),
    "mail": ({"MAIL": "550 no"}, (), 23, "not sent: MAIL was answered 550 no"),
    "rcpt": ({"RCPT": "550 no", "DATA": "503 no"}, (), 24, "refused for postmaster: 550 no"),
    "rcpt, and 354": ({"RCPT": "550 no", "message": "554 no"}, (), 24, "refused for postmaster"),
    "rcpt, one by one": ({"RCPT": "550 no"}, ("--pipelining", "off"), 24, "refused for"),
    "one of two": (
        {"RCPT": ["550 no", "250 yes"]},
        ("--to", "a@b", "--to", "c@d"),
        0,
        "refused for a@b: 550 no",
    ),
    "data": ({"DATA": "451 no"}, (), 25, "not sent: DATA was answered 451 no"),
    "message": ({"message": "554 no"}, (), 26, "not sent: message was answered 554 no"),
    "chunk": (
        CHUNKING | {"BDAT": "552 no"},
        ("--bdat", "10"),
        26,
        "not sent: BDAT was answered 552 no",
    ),
    "421 on the way": ({"RCPT": "421 bye"}, (), 24, "RCPT was answered 421 bye"),
    "421 to a line": ({"XYZ": "421 bye"}, ("--line", "hello:XYZ"), 22, "line was answered"),
    "auth": (
        {"EHLO": "250-mx.test\r\n250 AUTH PLAIN", "AUTH": "535 no"},
        ("--login", "alice"),
        28,
        "not sent: AUTH was answered 535 no",
    ),
    "auth not offered": ({}, ("--login", "alice"), 28, "no way to log in"),
    "tls": (
        {"EHLO": "250-mx.test\r\n250 STARTTLS", "STARTTLS": "454 no"},
        (),
        29,
        "not sent: STARTTLS was answered 454 no",
    ),
    "tls not offered": ({}, ("--tls", "starttls"), 29, "the server offers no STARTTLS"),
    "tls in plain text": (
        {"EHLO": "250-mx.test\r\n250 STARTTLS", "STARTTLS": ["220 go\r\n220 and on", HANGS_UP]},
        (),
        29,
        "not sent: the handshake was answered in plain text",
    ),
    "chunking not offered": ({}, ("--bdat",), 20, "the server offers no CHUNKING"),
    "less than is needed": ({}, ("--to", "ä@b"), 20, "the server offers no SMTPUTF8"),
    "hangs up": ({"MAIL": HANGS_UP}, (), 3, "not sent: closed"),
    "quit refused": ({"QUIT": "500 no"}, ("--drop-after", "quit"), 0, "accepted for"),
    "lmtp": ({}, ("--lmtp",), 0, "accepted for postmaster: 250 fine"),
    "lmtp at the end": ({"message": "550 no"}, ("--lmtp",), 26, "refused for postmaster: 550 no"),
    "lmtp at rcpt": ({"RCPT": "550 no"}, ("--lmtp",), 24, "refused for postmaster: 550 no"),
}


@pytest.mark.parametrize(("answers", "options", "status", "words"), STATUSES.values(), ids=STATUSES)
def test_the_exit_status_tells_how_far_the_message_came(
    invoke, monkeypatch, answers, options, status, words
):
    monkeypatch.setenv("SMTP_HARNESS_PASSWORD", "wonderland")
    with scripted(answers) as heard:
        done = send_to(invoke, heard, *options)

    assert done.exit_code == status, done.output
    assert words in done.output


def test_silence_is_trouble(invoke):
    with scripted({"RCPT": "250-but"}) as heard:
        done = invoke("send", f"127.0.0.1:{heard.port}", "--timeout", "50ms")

    assert done.exit_code == 3
    assert "not sent: nothing for 0.05 s" in done.output


def test_nobody_there_is_trouble(invoke):
    done = invoke("send", "127.0.0.1:1")

    assert done.exit_code == 3
    assert "nobody listens there" in done.output


def test_the_dialogue_is_shown_and_the_password_is_not(invoke, monkeypatch):
    monkeypatch.setenv("SMTP_HARNESS_PASSWORD", "wonderland")
    answers = {"EHLO": "250-mx.test\r\n250 AUTH LOGIN", "AUTH": "334 VXNlcm5hbWU6",
               "YWxpY2U=": "334 UGFzc3dvcmQ6", "d29uZGVybGFuZA==": "235 in"}  # fmt: skip
    with scripted(answers) as heard:
        done = send_to(invoke, heard, "--login", "alice", "--subject", "Hello", "--times")

    assert done.exit_code == 0, done.output
    assert "d29uZGVybGFuZA==" in heard.lines
    assert "d29u" not in done.output
    assert "S: 220 mx.test ready" in done.output
    assert " C: AUTH LOGIN" in done.output
    assert done.output.count("C: ***") == 2
    assert " C: Subject: Hello" in done.output
    assert [line.split()[0] for line in done.output.splitlines() if line.endswith(" s")] == [
        "connect", "greeting", "EHLO", "AUTH", "AUTH", "AUTH", "MAIL", "RCPT", "DATA", "message",
        "QUIT",
    ]  # fmt: skip


def test_a_password_is_asked_for_at_a_terminal(invoke, monkeypatch):
    monkeypatch.delenv("SMTP_HARNESS_PASSWORD", raising=False)
    monkeypatch.setattr("harness.cli.asking.is_terminal", lambda: True)
    answers = {"EHLO": "250-mx.test\r\n250 AUTH PLAIN", "AUTH": "235 in"}
    with scripted(answers) as heard:
        done = send_to(invoke, heard, "--login", "alice", input="wonderland\n")

    assert done.exit_code == 0, done.output
    assert "Password of alice:" in done.output
    assert "AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=" in heard.lines


def test_quiet_says_only_what_went_wrong(invoke):
    with scripted({}) as heard:
        assert send_to(invoke, heard, "-q").output == ""
    with scripted({"MAIL": "550 no"}) as heard:
        assert send_to(invoke, heard, "-q").output == "not sent: MAIL was answered 550 no\n"


def test_what_a_server_says_moves_no_terminal(invoke):
    with scripted({"MAIL": "550 \x1b[31mno", "greeting": "220 \x07"}) as heard:
        done = send_to(invoke, heard)

    assert "\x1b" not in done.output
    assert "\x07" not in done.output
    assert "\\x1B[31mno" in done.output


def test_json_has_everything(invoke):
    with scripted({"RCPT": ["250 2.1.5 yes", "550 5.1.1 no"]}) as heard:
        done = send_to(invoke, heard, "--json", "--to", "a@b", "--to", "c@d")

    document = json.loads(done.output)
    assert document["format"] == "smtp-harness-send/1"
    assert document["exit_status"] == done.exit_code == 0
    assert document["error"] is None
    assert document["offers"] == [
        {"tls": False, "domain": "mx.test", "keywords": {"PIPELINING": [], "8BITMIME": []}}
    ]
    (message,) = document["messages"]
    assert message["accepted"] == {"a@b": {"code": 250, "enhanced": None, "lines": ["fine"]}}
    assert message["refused"] == {"c@d": {"code": 550, "enhanced": "5.1.1", "lines": ["5.1.1 no"]}}
    assert message["token"] in heard.texts[0].decode()
    assert [step["step"] for step in document["steps"]] == [
        "connect", "greeting", "EHLO", "MAIL RCPT DATA", "message", "QUIT",
    ]  # fmt: skip
    assert document["exchanges"][1]["octets"] == "220 mx.test ready\\r\\n"


def test_json_tells_of_failures_too(invoke):
    with scripted({"MAIL": "421 bye"}) as heard:
        document = json.loads(send_to(invoke, heard, "--json").output)

    assert document["exit_status"] == 23
    assert document["error"] == "MAIL was answered 421 bye"
    assert document["messages"][0]["error"] == document["error"]


def test_many_go_over_one_connection_each_with_its_token(invoke):
    with scripted({"message": ["250 one", "554 no", "250 three"]}) as heard:
        done = send_to(invoke, heard, "-n", "3", "--subject", "{number}")

    assert done.exit_code == 26
    assert [line.split()[0] for line in heard.lines] == [
        "EHLO", *["MAIL", "RCPT", "DATA"] * 3, "QUIT",
    ]  # fmt: skip
    assert len({text.partition(b"Token: ")[2][:16] for text in heard.texts}) == 3
    assert b"Subject: 3\r\n" in heard.texts[2]
    assert "2 of 3 messages were accepted" in done.output


# options -> what the server heard
HEARD = {
    "stop after greeting": (("--stop-after", "greeting"), ["QUIT"]),
    "stop after hello": (("--stop-after", "ehlo"), ["EHLO client.example.test", "QUIT"]),
    "stop after rcpt": (
        ("--stop-after", "rcpt", "--to", "a@b", "--to", "c@d", "--from", ""),
        ["EHLO client.example.test", "MAIL FROM:<>", "RCPT TO:<a@b>", "RCPT TO:<c@d>", "QUIT"],
    ),
    "stop after a stage that never comes": (
        ("--stop-after", "auth"),
        ["EHLO client.example.test", "QUIT"],
    ),
    "drop after connect": (("--drop-after", "connect"), []),
    "drop after mail": (
        ("--drop-after", "mail", "--from", "x@y"),
        ["EHLO client.example.test", "MAIL FROM:<x@y>"],
    ),
    "HELO": (("--helo-only", "--helo", "x.test", "--stop-after", "helo"), ["HELO x.test", "QUIT"]),
    "LHLO": (("--lmtp", "--stop-after", "hello"), ["LHLO client.example.test", "QUIT"]),
    "lines": (
        ("--line", "after-hello:XCLIENT NAME=x", "--line", "after-mail:NOOP a  b ",
         "--stop-after", "mail", "--mail-parameter", "X=1"),
        ["EHLO client.example.test", "XCLIENT NAME=x",
         "MAIL FROM:<sender@client.example.test> X=1", "NOOP a  b ", "QUIT"],
    ),
    "DSN": (
        ("--notify", "never", "--ret", "HDRS", "--envid", "a b", "--orcpt", "x@y",
         "--stop-after", "rcpt"),
        ["EHLO client.example.test",
         "MAIL FROM:<sender@client.example.test> RET=HDRS ENVID=a+20b",
         "RCPT TO:<postmaster> NOTIFY=NEVER ORCPT=rfc822;x@y", "QUIT"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("options", "lines"), HEARD.values(), ids=HEARD)
def test_the_server_hears_what_was_wished_for(invoke, options, lines):
    with scripted({}) as heard:
        done = send_to(invoke, heard, *options)

    assert done.exit_code == 0, done.output
    assert heard.lines == lines
    assert heard.texts == []


def test_dropped_after_data_nothing_more_is_said(invoke):
    with scripted({}) as heard:
        done = send_to(invoke, heard, "--drop-after", "data")

    assert done.exit_code == 0
    assert heard.lines[-1] == "DATA"
    assert heard.texts == [b""]


def test_a_refusal_before_the_stop_is_no_success(invoke):
    with scripted({"RCPT": "550 no"}) as heard:
        assert send_to(invoke, heard, "--stop-after", "rcpt").exit_code == 24
    assert heard.lines[-2:] == ["RSET", "QUIT"]


def test_a_line_that_never_had_its_turn_is_told_of(invoke):
    with scripted({}) as heard:
        done = send_to(invoke, heard, "--line", "after-tls:NOOP")

    assert "the line after tls was not said" in done.output
    assert "NOOP" not in heard.lines


@pytest.mark.parametrize(
    ("options", "chunks"),
    [(("--bdat",), 1), (("--bdat", "100"), 4), (("--bdat", "--pipelining", "off"), 1)],
)
def test_bdat_takes_the_place_of_data(invoke, options, chunks):
    with scripted(CHUNKING) as heard:
        done = send_to(invoke, heard, *options)

    assert done.exit_code == 0, done.output
    assert "DATA" not in heard.lines
    assert len(heard.texts) == chunks
    assert b"".join(heard.texts).endswith(b"\r\n")
    assert heard.lines[-2].endswith(" LAST")


def test_pipelining_can_be_insisted_on_and_left_out(invoke):
    with scripted({"EHLO": "250 mx.test"}) as heard:
        done = send_to(invoke, heard, "--pipelining", "on")
    assert "C: RCPT TO:<postmaster>\n          C: DATA" in done.output

    with scripted({}) as heard:
        done = send_to(invoke, heard, "--pipelining", "off")
    assert "          C: DATA" not in done.output


def test_a_file_goes_as_it_is_its_dots_doubled(invoke, tmp_path: Path):
    path = tmp_path / "letter.eml"
    path.write_bytes(b"Subject: x\r\n\r\n.dot\r\n\xff")
    with scripted({}) as heard:
        done = send_to(invoke, heard, "--file", path)

    assert done.exit_code == 0, done.output
    assert heard.texts == [b"Subject: x\r\n\r\n..dot\r\n\xff\r\n.\r\n"]
    assert "BODY=8BITMIME" in heard.lines[1]


def test_raw_octets_go_only_to_servers_of_ones_own(invoke, tmp_path: Path):
    path = tmp_path / "letter.eml"
    path.write_bytes(b"a\nb\rc")
    with scripted({}) as heard:
        assert send_to(invoke, heard, "--file", path, "--raw").exit_code == 0
    assert heard.texts == [b"a\nb\rc\r\n.\r\n"]

    done = invoke("send", "mx.example.net", "--to", "a@b", "--file", path, "--raw")
    assert done.exit_code == 2
    assert "--mine mx.example.net" in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("mx.example.net",), "who shall have it?"),
        (("mx.example.net", "--to", "a@b", "-n", "2"), "--mine mx.example.net"),
        (("--body", "x", "--file", "y"), "--body and --file exclude each other"),
        (("--stop-after", "mail", "--drop-after", "mail"), "exclude each other"),
        (("-q", "--json"), "exclude each other"),
        (("--file", "x", "--header", "A: b"), "--header: the header of --file"),
        (("--template", "x", "--subject", "y"), "--subject: the header of --template"),
        (("--raw",), "--raw is for --file"),
        (("--raw", "--file", "x", "--bdat"), "--raw goes by DATA"),
        (("--key", "x"), "--cert"),
        (("--cert", "not/there"), "cannot use not/there"),
        (("--mechanism", "PLAIN", "127.0.0.1:1"), "--login"),
        (("--login", "alice:secret"), "never the password itself"),
        (("--login", "alice:env:NOT_SET", "127.0.0.1:1"), "NOT_SET"),
        (("smtps://127.0.0.1", "--tls", "none"), "speaks TLS from the first octet"),
        (("lmtp://127.0.0.1", "--helo-only"), "LHLO"),
        (("--pipelining", "on", "--stop-after", "mail", "127.0.0.1:1"), "after mail"),
        (("--stop-after", "data"), "not after data"),
        (("--to", "a b"), "no mailbox"),
        (("-n", "0"), "-n"),
    ],
)
def test_wrong_use_is_told_before_anybody_is_connected_to(invoke, words, said):
    done = invoke("send", *words)

    assert done.exit_code == 2
    assert said in done.output
    assert "C:" not in done.output


def test_a_password_in_the_clear_leaves_this_machine_only_when_told_to(invoke, monkeypatch):
    from harness.cli.sending.conversation import Plan, converse
    from harness.errors import UsageError
    from harness.protocol.sasl import Login
    from harness.protocol.sender import Envelope
    from tests.protocol.driving import script

    def plan(**options):
        return Plan(
            our_name="me", envelope=Envelope("a@b", ("c@d",)), contents=iter(()), lines={},
            login=Login("alice", "secret"), **options,
        )  # fmt: skip

    peer = script(EHLO="250-mx/AUTH PLAIN", AUTH=235)
    with pytest.raises(UsageError, match="--clear-auth"):
        peer.drive(converse(plan(), tell=print, offer=lambda *_: None))
    assert not any(b"AUTH" in octets for octets in peer.writes)

    peer = script(EHLO="250-mx/AUTH PLAIN", AUTH=235)
    peer.drive(converse(plan(may_reveal=True), tell=print, offer=lambda *_: None))
    assert ("AUTH",) in peer.groups
    peer = script(EHLO="250-mx/AUTH PLAIN/STARTTLS", AUTH=235)
    peer.drive(converse(plan(), tell=print, offer=lambda *_: None))
    assert ("AUTH",) in peer.groups
