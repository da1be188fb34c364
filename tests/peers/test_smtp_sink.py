"""Postfix's smtp-sink and `smtp-harness sink`: the same letters, the same codes at every stage."""

from __future__ import annotations

import contextlib
import getpass
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.programs import program
from tests.peers.serving import PATIENCE
from tests.ports import reserved_port

pytestmark = [pytest.mark.peer, pytest.mark.slow]

OURS = [sys.executable, "-m", "harness.cli", "sink"]
MAIL, RCPT, TEXT = "MAIL FROM:<a@b.test>", "RCPT TO:<c@d.test>", "Subject: x\r\n\r\n..hi\r\n."
SEND = (MAIL, RCPT, "RCPT TO:<e@d.test>", "DATA", TEXT)
EHLO, HELO, LHLO = "EHLO me.test", "HELO me.test", "LHLO me.test"


def theirs() -> list[str]:
    return [program("smtp-sink"), "-u", getpass.getuser()]


@contextlib.contextmanager
def running(command: list[str], letters: list[str], **options) -> Iterator[tuple]:
    with (
        reserved_port() as port,
        subprocess.Popen([*command, *letters, f"127.0.0.1:{port}", "10"], **options) as child,
    ):
        try:
            yield child, port
        finally:
            child.terminate()


def connect(port: int) -> socket.socket:
    """A connection, as soon as somebody listens there."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        except ConnectionRefusedError:
            assert time.monotonic() < until, "nobody listens"


def hear(lines) -> str:
    """The code of the next reply, or `closed`."""
    try:
        while line := lines.readline():
            if line[3:4] != b"-":
                return line[:3].decode()
    except ConnectionResetError:
        pass
    return "closed"


def talk(port: int, commands) -> list[str]:
    """The codes of a session: the greeting's, then one for each command until it is over."""
    with connect(port) as sock, sock.makefile("rb") as lines:
        codes = [hear(lines)]
        for command in commands:
            if codes[-1] == "closed":
                break
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                sock.sendall(command.encode() + b"\r\n")
            codes.append(hear(lines))
        return codes


def sessions(command, letters, talks) -> list[list[str]]:
    with running(command, letters) as (_, port):
        return [talk(port, commands) for commands in talks]


# what is tried -> the letters, and the sessions that are held
LETTERS = {
    "nothing": (
        [],
        [
            (EHLO, *SEND, "RSET", "NOOP", "VRFY x", "QUIT"),
            (HELO, *SEND, *SEND, "QUIT"),
            SEND,  # without a greeting
            (MAIL, MAIL, RCPT, "rset", "RSET junk", "noop junk", "quit"),
            (
                "RCPT TO:<c@d.test>",
                "DATA",
                "HELP",
                "EXPN x",
                "STARTTLS",
                "BDAT 3",
                "XYZ",
                "",
                "LHLO x",
            ),
            (EHLO, MAIL, "DATA", "MAIL FROM:<> BODY=8BITMIME WHAT=ever", "RCPT TO:<x@y.test> Z=1"),
        ],
    ),
    "no ESMTP": (["-e"], [(EHLO, HELO, *SEND, "QUIT")]),
    "a PIX": (["-P"], [(EHLO, HELO, *SEND, "QUIT")]),
    "LMTP": (["-L"], [(EHLO, HELO, LHLO, MAIL, RCPT, "DATA", TEXT, "QUIT")]),
    "another name": (["-h", "other.test"], [(EHLO, *SEND, "QUIT")]),
    "hard": (
        ["-f", "helo,ehlo mail", "-f", "rset,noop,vrfy,quit"],
        [(EHLO, HELO, MAIL, RCPT, "DATA", "RSET", "NOOP", "VRFY x", "QUIT")],
    ),
    "hard, later": (["-f", "RCPT"], [(EHLO, *SEND[:2], "DATA", "QUIT")]),
    "hard DATA": (["-f", "data"], [(EHLO, *SEND[:4], "QUIT")]),
    "hard end": (["-f", "."], [(EHLO, *SEND, *SEND, "QUIT")]),
    "hard greeting": (["-f", "connect"], [(EHLO, *SEND, "QUIT")]),
    "hard words": (["-B", "554 5.7.1 no", "-f", "mail"], [(EHLO, MAIL)]),
    "soft": (
        ["-r", "ehlo,mail", "-r", "rset noop"],
        [(EHLO, HELO, MAIL, RCPT, "RSET", "NOOP", "QUIT")],
    ),
    "soft end": (["-r", "."], [(EHLO, *SEND, *SEND, "QUIT")]),
    "soft words": (["-b", "452 4.3.1 full", "-r", "."], [(EHLO, *SEND, "QUIT")]),
    "both": (["-r", "mail", "-f", "mail"], [(EHLO, MAIL)]),
    "hang up": (
        ["-q", "noop,rset,vrfy,data,quit"],
        [(EHLO, verb) for verb in ("NOOP", "RSET", "VRFY x", "QUIT")] + [(EHLO, *SEND[:4])],
    ),
    "hang up at mail": (["-q", "mail"], [(EHLO, MAIL)]),
    "hang up at rcpt": (["-q", "rcpt"], [(EHLO, MAIL, RCPT)]),
    "hang up at the end": (["-q", "."], [(EHLO, *SEND)]),
    "hang up at once": (["-q", "connect"], [(EHLO,)]),
    "421": (
        ["-Q", "noop,rset,vrfy,data,quit"],
        [(EHLO, verb, "NOOP") for verb in ("NOOP", "RSET", "VRFY x", "QUIT")]
        + [(EHLO, *SEND[:4], "NOOP")],
    ),
    "421 at the end": (["-Q", "."], [(EHLO, *SEND, "NOOP")]),
    "421 at once": (["-Q", "connect"], [(EHLO, "NOOP")]),
    "slow": (["-w", "1", "-W", "noop:1", "-W", "rcpt:1:1"], [(EHLO, *SEND, "NOOP", "QUIT")]),
    "late": (["-H", "1"], [(EHLO, *SEND, "QUIT")]),
    "broken off": (["-A", "1"], [(EHLO, *SEND, "QUIT")]),
    "in any order": (["-8aENp", "-m", "3", "-T", "4096", "-t5"], [(EHLO, *SEND, "QUIT")]),
}


@pytest.mark.parametrize(("letters", "talks"), LETTERS.values(), ids=LETTERS)
def test_the_same_letters_mean_the_same_codes(letters, talks):
    assert sessions(OURS, letters, talks) == sessions(theirs(), letters, talks)


def test_a_log_in_is_235_as_it_should_be():
    commands = [(EHLO, "AUTH PLAIN AGEAYg==")]
    assert sessions(OURS, [], commands) == [["220", "250", "235"]]
    assert sessions(theirs(), [], commands) == [["220", "250", "250"]]


def keywords(command, letters) -> set[str]:
    with running(command, letters) as (_, port), connect(port) as sock, sock.makefile("rb") as file:
        hear(file)
        sock.sendall(EHLO.encode() + b"\r\n")
        found = []
        while (line := file.readline())[3:4] == b"-":
            found.append(line)
        return {line[4:].split()[0].decode() for line in [*found, line][1:] if line[4:].strip()}


@pytest.mark.parametrize("letter", ["-c", "-8", "-a", "-E", "-N", "-p", "-C", "-F", "-fNOOP"])
def test_the_same_extensions_are_announced_but_two(letter):
    never_ours = {"XCLIENT", "XFORWARD"}
    assert keywords(OURS, [letter]) == keywords(theirs(), [letter]) - never_ours


def dumps(command, letters, folder: Path) -> list[bytes]:
    with running(command, letters) as (_, port):
        talk(port, (EHLO, *SEND, "QUIT"))
        talk(
            port,
            ("MAIL FROM:<> BODY=7BIT", "RCPT TO:<x@y.test> NOTIFY=NEVER", "DATA", "\r\n.", "QUIT"),
        )
    read = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    # The id is drawn, and the second may be another one.
    changing = rb"(id )[0-9a-f]+|([A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} )[0-9:]{8}"
    return sorted(re.sub(changing, rb"\1\2*", one) for one in read)


@pytest.mark.parametrize("letter", ["-d", "-D"])
@pytest.mark.parametrize("more", [[], ["-L"], ["-S", r"start\t\101\n", "-h", "other.test"]])
def test_dumps_are_the_same_octet_for_octet(tmp_path, letter, more):
    both = []
    for command, name in ((OURS, "ours"), (theirs(), "theirs")):
        template = f"{tmp_path}/{name}/%Y/%m/all."
        both.append(dumps(command, [letter, template, *more], tmp_path / name))
    assert both[0] == both[1]
    assert len(both[0]) == (1 if letter == "-D" else 2)


@pytest.mark.parametrize("letters", [["-c", "-n", "2"], ["-c", "-M", "2"]])
def test_counters_are_shown_alike_and_there_is_an_end(letters):
    said = []
    for command in (OURS, theirs()):
        with running(command, letters, stdout=subprocess.PIPE) as (child, port):
            for _ in range(2):
                talk(port, (EHLO, *SEND, *(["QUIT"] if "-n" in letters else [])))
            out, _ = child.communicate(timeout=PATIENCE)
            assert child.returncode == 0
        said.append([int(number) for number in re.findall(rb"mesg=(\d+)", out)])
    assert max(said[0]) == max(said[1]) == 2


def test_who_says_nothing_is_let_go_by_both_but_ours_says_why():
    for command, expected in ((OURS, ["220", "421", "closed"]), (theirs(), ["220", "closed"])):
        with running(command, ["-t", "1"]) as (_, port), connect(port) as sock:
            lines = sock.makefile("rb")
            met = []
            while not met or met[-1] != "closed":
                met.append(hear(lines))
            lines.close()
        assert met == expected
