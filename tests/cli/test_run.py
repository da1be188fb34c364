from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.cli import performing
from harness.results import Verdict, from_json

ROOT = Path(__file__).parent.parent.parent
COMMAND = [sys.executable, "-m", "harness.cli"]


@pytest.fixture(autouse=True)
def one_server(server, monkeypatch):
    """Tests that name no target and no fault share a server of our own."""
    start = performing.embedded

    @contextlib.contextmanager
    def shared(fault=None):
        if fault is None:
            yield server
        else:
            with start(fault) as liar:
                yield liar

    monkeypatch.setattr(performing, "embedded", shared)


def test_our_own_server_meets_the_textbook(invoke):
    done = invoke("run", "-s", "textbook/dialogue")

    assert done.exit_code == 0, done.output
    assert "against our own server, smtp://127.0.0.1:" in done.output
    assert "\ntextbook/dialogue  3 met\n" in done.output
    assert "3 of 3 cases judged in" in done.output
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is full")
def test_a_report_that_cannot_be_written_takes_no_verdict_away(invoke):
    done = invoke("run", "-s", "textbook/dialogue", "--json", "/dev/full")

    assert done.exit_code == 2
    assert "3 of 3 cases judged in" in done.output
    assert "/dev/full cannot be written" in done.stderr


@pytest.mark.slow
def test_a_liar_fails_and_the_failure_can_be_understood(invoke):
    done = invoke("run", "--fault", "no-unstuff", "-s", "rfc5321/4.5.2")

    assert done.exit_code == 1
    for said in (
        "our own server with the fault no-unstuff",
        "FAIL rfc5321/4.5.2/leading-dots\n  A leading period is removed, once\n",
        "RFC 5321, section 4.5.2 (MUST) [5321-4.5.2-3]\n    A leading period followed by",
        "transparency.smtp.yaml:21\n",
        "21 | body: |\n",
        "^^^^^^^ wanted this body, ",
        "met    70 octets:\n",
        "C: ..one dot left",
        "smtp-harness run --fault no-unstuff -s rfc5321/4.5.2/leading-dots\n",
        " cases judged in ",
        " fail   unmet: a MUST",
    ):
        assert said in done.output


def test_a_target_is_run_against_with_options_for_a_file(invoke, server):
    mail = server.delivery_of("alice@example.test")
    done = invoke("run", server.address.endpoint, "--to", "alice@example.test", "--delivery", mail,
                  "--to", "bob@example.test", "--unknown", "nobody@example.test",
                  "--foreign", "a@elsewhere.test",
                  "--timeout", "5s", "-s", "rfc5321/4.1.1.3", "-j", "2")  # fmt: skip

    assert done.exit_code == 0, done.output
    assert "skip" not in done.output


# words -> what is said on standard error; the exit status is 2
WRONG = {
    "a fault for a target": (["127.0.0.1:1", "--fault", "x"], "leave 127.0.0.1:1 out"),
    "a proof on a target": (["127.0.0.1:1", "--prove"], "--prove is for our own server"),
    "a fault to prove": (["--prove", "--fault", "no-rset"], "leave --fault out"),
    "an unknown fault": (["--fault", "no-reset"], "did you mean 'no-rset'?"),
    "an unknown case": (["-s", "rfc5321/9"], "no case is named 'rfc5321/9'"),
    "words that no case has": (["-k", "qwertz-9"], "no case is selected by -k 'qwertz-9'"),
    "a broken expression": (["-k", "a and"], "-k: a word is missing"),
    "a bad target": (["nowhere:x"], "'x' is no port"),
    "a target file that is not there": (["./gone.yaml"], "gone.yaml"),
    "a duration that is none": (["--wait-for-target", "soon"], "'soon'"),
    "a way to cut that is none": (["--segment", "thin"], "--segment"),
    "too many at a time": (["-j", "9999"], "-j must be between"),
    "a report in no folder": (["--junit", "/nowhere/r.xml"], "there is no directory /nowhere"),
    "a report that is a folder": (["--json", "/"], "is a directory"),
    "drafts in no folder": (["--write-known", "/nowhere/k"], "there is no directory /nowhere"),
    "known deviations that are not there": (["--known", "gone.yaml"], "gone.yaml"),
    "a bad suite": (["-s", "bad.smtp.yaml"], " --> bad.smtp.yaml:1:1\n"),
}


@pytest.mark.parametrize(("words", "said"), WRONG.values(), ids=WRONG)
def test_wrong_use_is_told_in_a_line(invoke, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.smtp.yaml").write_text("suit: x\n")

    done = invoke("run", *words)

    assert done.exit_code == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_a_target_that_is_not_there_is_exit_status_3_and_reports_say_so(invoke, tmp_path):
    done = invoke("run", "127.0.0.1:1", "-s", "rfc5321/4.2", "-s", "textbook/dialogue",
                  "--json", tmp_path / "r.json", "--junit", tmp_path / "r.xml")  # fmt: skip

    assert done.exit_code == 3
    assert "error: 127.0.0.1:1: nobody listens there (connection refused)\n" in done.stderr
    assert re.search(r"\b0 of \d+ cases judged", done.stdout)
    result = from_json((tmp_path / "r.json").read_text())
    assert {outcome.verdict for outcome in result.outcomes} == {Verdict.ERROR, Verdict.SKIP}
    assert int(ElementTree.parse(tmp_path / "r.xml").getroot().get("errors")) > 1


def test_a_run_that_judged_nothing_is_no_success(invoke, server):
    done = invoke("run", server.address.endpoint, "-s", "textbook/dialogue")

    assert done.exit_code == 3
    assert "0 of 3 cases judged" in done.output


@pytest.mark.slow
def test_reports_are_written_and_can_be_read_back(invoke, tmp_path):
    done = invoke("run", "--fault", "rcpt-before-mail", "-s", "rfc5321/3.3", "--seed", "7",
                  "--json", tmp_path / "r.json", "--junit", tmp_path / "r.xml")  # fmt: skip

    assert done.exit_code == 1
    result = from_json((tmp_path / "r.json").read_text())
    assert (result.seed, result.judged, result.exit_status) == (7, len(result.outcomes), 1)
    (failed,) = [it for it in result.outcomes if it.verdict is Verdict.FAIL]
    assert failed.exchanges[failed.surprise.exchange].octets == b"250 2.1.5 Recipient ok\r\n"
    (failure,) = ElementTree.parse(tmp_path / "r.xml").iter("failure")
    assert failure.get("message") == "wanted 503, met 250 2.1.5 Recipient ok"


def test_a_draft_of_what_is_unmet_is_written_and_refused_until_it_is_explained(invoke, tmp_path):
    liar = ["run", "--fault", "rcpt-before-mail", "-s", "rfc5321/3.3/rcpt-before-mail"]
    known = tmp_path / "known.yaml"

    assert invoke(*liar, "--write-known", known).exit_code == 1
    done = invoke(*liar, "--known", known)
    assert done.exit_code == 2
    assert "known.yaml:2:3" in done.stderr

    known.write_text(
        known.read_text().replace("  reason: '?'", "  clause: c\n  who: us\n  link: none")
    )
    assert invoke(*liar, "--known", known, "--strict-known").exit_code == 0


def test_what_is_known_and_met_all_the_same_fails_a_strict_run(invoke, tmp_path):
    known = tmp_path / "known.yaml"
    address = "textbook/dialogue/alice-to-bob"
    known.write_text(f"{address}: {{section: s, clause: c, met: m, who: us, link: none}}\n")
    strict = ["run", "-s", address, "--known", known]

    assert invoke(*strict).exit_code == 0
    done = invoke(*strict, "--strict-known")
    assert done.exit_code == 1
    assert "met now: take it out of the known deviations" in done.output


def test_the_same_seed_makes_the_same_octets(invoke, tmp_path):
    said = []
    for _ in range(2):
        path = tmp_path / "r.json"
        invoke("run", "-s", "rfc5321/4.5.2/leading-dots", "--seed", "4711", "--json", path)
        (outcome,) = from_json(path.read_text()).outcomes
        said.append([it.octets for it in outcome.exchanges if it.who == "C"])

    assert said[0] == said[1]


def test_what_would_be_run_can_be_listed(invoke, server):
    done = invoke("run", server.address.endpoint, "--list", "-s", "rfc5321/4.2", "-s", "textbook")

    assert done.exit_code == 0
    assert re.search(r"^rfc5321/4\.2/\S+  The first word", done.output, re.MULTILINE)
    assert "(skip: needs to read back what was delivered" in done.output
    assert "judged" not in done.output


def test_words_select_cases(invoke):
    done = invoke("run", "--list", "-k", "dots and not (leading or smuggling)")

    assert 0 < len(done.output.splitlines()) < 10


def without_times(text):
    return re.sub(r"\d+\.\d+ s|:\d+|seed \d+", "", text)


def test_the_output_is_in_the_order_of_the_suites_however_many_run_at_a_time(invoke):
    one = invoke("run", "-s", "rfc5321/4.1.1.3", "-s", "rfc5321/4.1.2", "-j", "1")
    many = invoke("run", "-s", "rfc5321/4.1.1.3", "-s", "rfc5321/4.1.2", "-j", "8")

    assert without_times(one.output) == without_times(many.output)


def test_every_dialogue_is_shown_on_request(invoke):
    done = invoke("run", "-v", "-s", "textbook/dialogue/alice-to-bob", "--color", "always")

    assert "C: How about pickles?" in done.output
    assert "\x1b[36m" in done.output


@pytest.mark.slow
def test_a_run_stops_at_the_first_failure_on_request(invoke):
    done = invoke("run", "--fault", "no-rset", "-s", "rfc5321", "--fail-fast", "-j", "1")

    assert done.exit_code == 1
    assert done.output.count("FAIL ") == 1


# --- how a run ends before its end -------------------------------------------------------------


@contextlib.contextmanager
def mute_server():
    """Greets, tells what it offers, and says no more; yields its port and when somebody waits."""
    waiting = threading.Semaphore(0)

    def talk(connection):
        with connection, connection.makefile("rwb") as wire, contextlib.suppress(OSError):
            wire.write(b"220 mute.test\r\n")
            wire.flush()
            for line in wire:
                if line.upper().startswith(b"QUIT"):
                    wire.write(b"221 bye\r\n")
                    wire.flush()
                    return
                if line.upper().startswith(b"NOOP"):
                    waiting.release()
                    continue
                wire.write(b"250 mute.test\r\n")
                wire.flush()

    def listen(listener):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=listen, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1], waiting
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_reports_are_written_also_when_somebody_interrupts(tmp_path, number, status):
    suite = tmp_path / "mine.smtp.yaml"
    suite.write_text(
        "suite: mine\ncases:\n"
        + "".join(
            f"  - id: {name}\n    title: It {name}s\n    checks: [5321-4.2-1]\n    start: hello\n"
            f"    dialogue: |\n      C: {verb}\n      S: 250\n"
            for name, verb in (("rset", "RSET"), ("noop", "NOOP"), ("vrfy", "VRFY x"))
        )
    )
    with mute_server() as (port, waiting):
        words = ["run", f"127.0.0.1:{port}", "-s", suite, "--timeout", "60s",
                 "--json", tmp_path / "r.json", "--junit", tmp_path / "r.xml"]  # fmt: skip
        run = subprocess.Popen(
            [*COMMAND, *map(str, words)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        assert waiting.acquire(timeout=20)
        run.send_signal(number)
        said, complaints = run.communicate(timeout=20)

    assert run.returncode == status, complaints
    assert "Interrupted: 1 of 3 cases judged" in said
    assert complaints == ""
    document = json.loads((tmp_path / "r.json").read_text())
    assert document["interrupted"]
    assert document["signal"] == number.name
    assert [it["verdict"] for it in document["outcomes"]] == ["met"]
    assert ElementTree.parse(tmp_path / "r.xml").getroot().get("tests") == "1"


@pytest.mark.slow
def test_a_reader_who_leaves_neither_stops_the_run_nor_changes_its_verdict(tmp_path, server):
    words = ["run", server.address.endpoint, "-s", "rfc5321/4.2", "--json", tmp_path / "r.json"]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*COMMAND, *map(str, words)], cwd=ROOT, stdout=write, stderr=subprocess.PIPE, timeout=30
    )
    os.close(write)

    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    assert from_json((tmp_path / "r.json").read_text()).judged > 1


def test_a_bug_of_ours_loses_no_verdict(invoke, tmp_path, monkeypatch):
    async def broken(plan, settings, tell):
        raise RuntimeError("oops")

    monkeypatch.setattr(performing, "run_suites", broken)

    done = invoke("run", "-s", "rfc5321/4.2", "--json", tmp_path / "r.json")

    assert done.exit_code == 3
    assert "This is a bug in smtp-harness" in done.stderr
    assert from_json((tmp_path / "r.json").read_text()).interrupted


@pytest.mark.slow
def test_a_run_loads_neither_locust_nor_gevent():
    script = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from harness.cli import main\n"
        "done = CliRunner().invoke(main, ['run', '-s', 'rfc5321/4.2'])\n"
        "assert done.exit_code == 0, done.output\n"
        "print({'locust', 'gevent', 'pytest'} & set(sys.modules) or '')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == ""


def test_a_hostile_server_cannot_reach_the_terminal(invoke, tmp_path):
    hostile = b"\x1b]0;owned\x07\x1b[2J\x9b31m [127.0.0.1] \xff\r\n"

    def talk(listener):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, connection.makefile("rwb") as wire:
                    wire.write(b"220 " + hostile)
                    wire.flush()
                    for _ in wire:
                        wire.write(b"250 " + hostile)
                        wire.flush()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=talk, args=(listener,), daemon=True).start()
        done = invoke("run", f"127.0.0.1:{listener.getsockname()[1]}", "-v", "-s", "rfc5321/4.2",
                      "--json", tmp_path / "r.json", "--junit", tmp_path / "r.xml")  # fmt: skip
        listener.shutdown(socket.SHUT_RDWR)

    assert done.exit_code == 1
    assert r"S! 220 \x1B]0;owned\x07\x1B[2J\x9B31m [127.0.0.1] \xFF\r\n" in done.output
    said = [done.output, (tmp_path / "r.json").read_text(), (tmp_path / "r.xml").read_text()]
    assert all(line.isprintable() for text in said for line in text.split("\n"))
    assert hostile in {
        it.octets[4:]
        for outcome in from_json((tmp_path / "r.json").read_text()).outcomes
        for it in outcome.exchanges
    }
