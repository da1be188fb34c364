"""Voices: the same answers in other words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.protocol.receiver import ANSWERS, Answers, reworded

# name -> the texts that it says its own way; the default voice is the answer table's own.
VOICES: Final[Mapping[str, Mapping[str, str]]] = {
    "default": {},
    # The dialogue between crepes.fr and hamburger.edu that a generation of students has read.
    "textbook": {
        "GREETING": "{domain}",
        "HELO": "Hello {client}, pleased to meet you",
        "EHLO": "{domain} Hello {client}, pleased to meet you",
        "SENDER_OK": "{address} ... Sender ok",
        "RECIPIENT_OK": "{address} ... Recipient ok",
        "GO_AHEAD": 'Enter mail, end with "." on a line by itself',
        "ACCEPTED": "Message accepted for delivery",
        "FAREWELL": "{domain} closing connection",
    },
}


def in_voice(answers: Answers, voice: str) -> Answers:
    """The answers in that voice; what a lie has changed stays as the lie says it."""
    spoken = reworded(ANSWERS, **VOICES[voice])
    return {
        occasion: spoken[occasion] if answer == ANSWERS[occasion] else answer
        for occasion, answer in answers.items()
    }
