"""The story that every textbook tells: mail from Alice's user agent to Bob's, in six steps.

Then Bob's server is away for a moment, and at last for days, which pass at once: they are virtual.
All but the days is done by the programs that a user has: `send`, `serve`, `queue`, `fetch`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import days

from harness.reports.dialogue import lines

ALICE, BOB = "crepes.fr", "hamburger.edu"
PASSWORDS: Final = {"ALICE": "wonderland", "BOB": "ketchup"}
PATIENCE = 20.0  # seconds for anything to happen

HERS = """
domain: crepes.fr
users: {alice: wonderland}
listen: [submission://127.0.0.1:0, pop3://127.0.0.1:0]
spool: alice
tls: {self_signed: yes}
log: {to: alice.log, level: debug}
relay:
  routes: {hamburger.edu: "127.0.0.1:PORT"}
  schedule: {retry: [1s]}
"""
HIS = """
domain: hamburger.edu
users: {bob: ketchup}
listen: ["smtp://127.0.0.1:PORT", pop3://127.0.0.1:0]
spool: bob
tls: {self_signed: yes}
"""


def main() -> None:
    """Tell it, in a directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="smtp-harness-story-") as directory:
        os.chdir(directory)
        tell()


def tell() -> None:
    """The three chapters."""
    with contextlib.ExitStack() as evening:
        bob = evening.enter_context(serving("bob", HIS.replace("PORT", "0")))
        port = bob["smtp"].rpartition(":")[2]
        alice = evening.enter_context(serving("alice", HERS.replace("PORT", port)))
        six_steps(alice, bob)
    with serving("alice", HERS.replace("PORT", port)) as alice:
        a_moment(alice, port)
    some_days()


# --- the chapters ---------------------------------------------------------------------------------


def six_steps(alice: Mapping[str, str], bob: Mapping[str, str]) -> None:
    """From one user agent to the other."""
    chapter("Alice asks Bob about ketchup")
    step(1, "Alice has her user agent send a message to bob@hamburger.edu.")
    step(2, "It hands the message to her own mail server, which puts it into a queue.")
    send(alice, "Do you like ketchup?")
    step(3, "Her server finds it there and opens a connection to Bob's, as a client.")
    dialogue = wait_for(lambda: overheard("QUIT"), "the connection between the servers")
    step(4, "After the greetings it sends the message, and all else that it has for that server.")
    show(dialogue)
    step(5, "Bob's server puts the message into his mailbox, and only then says 250.")
    for path in sorted(Path("bob/mail/bob/new").iterdir()):
        print(f"    {path}, {path.stat().st_size} octets")
    step(6, "When he likes to, Bob's user agent logs in and fetches it.")
    fetch(bob, "bob")


def a_moment(alice: Mapping[str, str], port: str) -> None:
    """Bob's server is away, and comes back."""
    chapter("Bob's server is away for a moment")
    said("It has been stopped.  Alice writes again, and her server takes it all the same.")
    send(alice, "How about pickles?", quiet=True)
    wait_for(lambda: "refused" in queue(), "a try that fails")
    said("Nobody is there, so it waits in her server's queue:")
    print(indented(queue()))
    said("Bob's server is back.  Whoever retries (here once a second) finds it:")
    with serving("bob", HIS.replace("PORT", port)) as bob:
        wait_for(lambda: "0 messages" in queue(), "the second message")
        print(indented(queue()))
        fetch(bob, "bob")


def some_days() -> None:
    """Bob's server never comes back."""
    chapter("Bob's server stays away for days")
    said("These days are virtual: her server's clock jumps ahead whenever it has nothing to do.")
    told = days.pass_by(Path("days"))
    for line in told.tries:
        print(f"    {line}")
    said(f"{told.count} tries in {told.days:.1f} days, which took {told.seconds:.1f} s.")
    said("Then her server gives up, and Alice gets a delivery status notification:")
    for notice in told.notices:
        print(indented(notice))


# --- what a user does -----------------------------------------------------------------------------


def send(server: Mapping[str, str], text: str, *, quiet: bool = False) -> None:
    """Alice's user agent."""
    run(
        *("send", server["submission"], "--from", f"alice@{ALICE}", "--to", f"bob@{BOB}"),
        *("--login", "alice:env:ALICE", "--ca", "alice/cert.pem", "--server-name", "localhost"),
        *("--helo", "laptop.crepes.fr", "--subject", "A question", "--body", text),
        *(["-q"] if quiet else []),
    )


def fetch(server: Mapping[str, str], user: str) -> None:
    """Bob's user agent."""
    address = server["pop3"].replace("://", f"://{user}@")
    run(
        *(
            "fetch",
            address,
            "--login",
            f"{user}:env:{user.upper()}",
            "-v",
            "--to",
            "inbox",
            "--delete",
        ),
        *("--ca", f"{user}/cert.pem", "--server-name", "localhost"),
    )


def queue() -> str:
    """What waits at Alice's server."""
    return command("queue", "list", "--spool", "alice").stdout


def run(*words: str) -> None:
    """Show a command and what it says; the story ends here if it fails."""
    print(f"    $ smtp-harness {shlex.join(words)}")
    done = command(*words)
    print(indented(done.stdout))
    if done.returncode:
        sys.exit(f"that ended with status {done.returncode}")


def command(*words: str) -> subprocess.CompletedProcess[str]:
    """A command, run."""
    return subprocess.run(
        harness(*words),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | PASSWORDS,
    )


def harness(*words: str) -> list[str]:
    """The words of a command."""
    return [sys.executable, "-m", "harness.cli", *words]


# --- the servers ----------------------------------------------------------------------------------


@contextlib.contextmanager
def serving(name: str, configuration: str) -> Iterator[Mapping[str, str]]:
    """A server for as long as the context lasts: its doors, by kind."""
    path = Path(f"{name}.yaml")
    path.write_text(configuration)
    server = subprocess.Popen(
        harness("serve", "--config", str(path), "--until-eof"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    try:
        yield dict(door(server.stdout.readline()) for _ in range(2))
    finally:
        server.terminate()
        server.wait(PATIENCE)


def door(line: str) -> tuple[str, str]:
    """Its kind, and how it is written."""
    address = line.strip().removeprefix("listening on ")
    if not address:
        sys.exit("a server did not start")
    url = address if "://" in address else f"smtp://{address}"
    return url.partition("://")[0], url


def overheard(last: str) -> Sequence[tuple[str, str]]:
    """What Alice's server and Bob's have said to each other, once one has said `last`."""
    events = map(json.loads, Path("alice.log").read_text().splitlines())
    said = [(event["who"], event["said"]) for event in events if event["event"] == "relay-dialogue"]
    return said if any(text.startswith(last) for _, text in said) else []


def wait_for(happens: Callable[[], object], what: str) -> list[tuple[str, str]]:
    """Look again and again until it has happened; what was seen."""
    deadline = time.monotonic() + PATIENCE
    while not (seen := happens()):
        if time.monotonic() > deadline:
            sys.exit(f"there has been no sign of {what} for {PATIENCE:g} s")
        time.sleep(0.05)
    return list(seen) if isinstance(seen, list) else []


# --- telling --------------------------------------------------------------------------------------


def chapter(title: str) -> None:
    """A new one."""
    print(f"\n{title}\n{'=' * len(title)}")


def step(number: int, text: str) -> None:
    """One of the six."""
    print(f"\n({number}) {text}\n")


def said(text: str) -> None:
    """Between the lines."""
    print(f"\n{text}\n")


def show(dialogue: Sequence[tuple[str, str]]) -> None:
    """A dialogue, as our reports show it."""
    for who, text in dialogue:
        shown = [f"*  {text}"] if who == "*" else lines(text.encode(), who)
        print("\n".join(f"    {line}" for line in shown))


def indented(text: str) -> str:
    """The text, set off."""
    return "\n".join(f"    {line}".rstrip() for line in text.rstrip("\n").splitlines())


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # it is a text file
    main()
