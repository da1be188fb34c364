"""Commands that a target file names: how they are split, and what of them may be shown.

Their words may hold passwords, so all that anybody is told of one is its name.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from harness.errors import UsageError

_PLAIN: Final = ("/", ".", "~", "-")  # paths and options, which begin so, are shown
_LEAST: Final = 4  # characters: shorter words stand in every sentence
_HIDDEN: Final = "***"

# What stands before a program's name in a shell: assignments, whose values may be secrets.  One
# that runs a command is not understood: where it ends, and a name begins, is a shell's art.
_VALUE: Final = r"""(?:[^\s'"`$();&|<>\\]|\\.|\$(?=\w)|'[^']*'|"(?:[^"`$\\]|\\.|\$(?=\w))*")*"""
_BEFORE: Final = re.compile(rf"(?:[A-Za-z_]\w*={_VALUE}|exec)[ \t]+", re.DOTALL)
_PROGRAM: Final = re.compile(r"([\w./~][\w./+@~:-]*)(?=[\s;&|<>]|$)")


@dataclass(frozen=True, slots=True)
class Script:
    """What `start:` or `stop:` gives to a shell, and where that stands: `target.yaml:7`."""

    text: str = field(repr=False)
    at: str

    def __str__(self) -> str:
        return f"{self.at}: {self._program() or 'the command'}"

    def _program(self) -> str:
        text = self.text.strip()
        begin = 0
        while before := _BEFORE.match(text, begin):
            begin = before.end()
        match = _PROGRAM.match(text, begin)
        return match[1] if match else ""


def read_command(text: str) -> str:
    """A command and its words, which are split as a shell would split them."""
    try:
        words = shlex.split(text)
    except ValueError as problem:
        raise UsageError(f"a command with {str(problem).lower()}") from None
    if not words:
        raise UsageError("there is no command")
    return text


def name_of(text: str) -> str:
    """The program that a command runs."""
    return shlex.split(text)[0]


def without_words(said: str, words: Sequence[str]) -> str:
    """What a command said, without those of its words that may be secrets."""
    for word in sorted(_secrets(words[1:]), key=len, reverse=True):
        said = said.replace(word, _HIDDEN)
    return said


def _secrets(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        _, equals, value = word.partition("=")
        secret = value if equals else word
        if len(secret) >= _LEAST and not secret.startswith(_PLAIN):
            yield secret
