"""The story runs: six steps, a moment, some days."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

STORY = Path(__file__).parent.parent / "ci" / "story" / "story.py"

# What a reader must see, in this order.
TOLD = (
    "(2) It hands the message to her own mail server",
    "C: RCPT TO:<bob@hamburger.edu>",
    "accepted for bob@hamburger.edu: 250 2.0.0",
    "(4) After the greetings it sends the message",
    "S: 220 hamburger.edu ESMTP",
    "C: EHLO crepes.fr",
    "C: Do you like ketchup?",
    "S: 250 2.0.0 Message accepted",
    "bob/mail/bob/new/",
    "S: +OK hamburger.edu POP3 server ready",
    "S: Do you like ketchup?",
    "1 message fetched",
    "1 message, 1 recipient waiting",
    "0 messages, 0 recipients waiting",
    "S: How about pickles?",
    "1 message fetched",
    "tries in 5.0 days",
    "Return-Path: <>",
    "To: alice@crepes.fr",
    "Action: failed",
)


@pytest.mark.slow
def test_mail_goes_from_alice_to_bob_and_if_he_is_away_for_days_she_is_told_once():
    told = subprocess.run([sys.executable, str(STORY)], capture_output=True, text=True)
    assert (told.returncode, told.stderr) == (0, "")
    at = 0
    for words in TOLD:
        assert words in told.stdout[at:], words
        at = told.stdout.index(words, at) + len(words)
    assert told.stdout.count("Return-Path: <>") == 1
    for secret in ("wonderland", "ketchup\n    $", "env:BOB=ketchup"):
        assert secret not in told.stdout
