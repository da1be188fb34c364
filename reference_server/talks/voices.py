"""Voices: the same answers in other words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.protocol.extensions import Extension
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

# name -> the extensions that whoever talks like this never heard of
WITHOUT: Final[Mapping[str, frozenset[str]]] = {"textbook": frozenset({"ENHANCEDSTATUSCODES"})}


def known_to(voice: str, extensions: Mapping[str, Extension]) -> Mapping[str, Extension]:
    """The extensions without those that the voice does not know."""
    unknown = WITHOUT.get(voice, frozenset())
    return {name: row for name, row in extensions.items() if name not in unknown}


def in_voice(answers: Answers, voice: str) -> Answers:
    """The answers in that voice; what a lie has changed stays as the lie says it."""
    spoken = reworded(ANSWERS, **VOICES[voice])
    return {
        occasion: spoken[occasion] if answer == ANSWERS[occasion] else answer
        for occasion, answer in answers.items()
    }
