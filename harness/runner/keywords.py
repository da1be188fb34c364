"""`-k EXPR`: words that a case's address or title holds, joined by and, or, not and parentheses."""

from __future__ import annotations

import re
from collections.abc import Callable

from harness.errors import UsageError

Pick = Callable[[str], bool]

_WORDS = re.compile(r"\s*(\(|\)|[^\s()]+)")


def read_expression(text: str) -> Pick:
    """Whether a case is meant, by its address and title; raises UsageError."""
    words = _WORDS.findall(text)
    if not words:
        raise UsageError("-k: the expression is empty")
    reader = _Reader(words)
    pick = reader.either()
    if reader.words:
        raise UsageError(f"-k {text!r}: {reader.words[0]!r} is not expected there")
    return pick


class _Reader:
    """Reads an expression from left to right; `or` binds least, `not` most."""

    def __init__(self, words: list[str]) -> None:
        self.words = words

    def either(self) -> Pick:
        pick = self._both()
        while self._take("or"):
            pick = _either(pick, self._both())
        return pick

    def _both(self) -> Pick:
        pick = self._one()
        while self._take("and"):
            pick = _both(pick, self._one())
        return pick

    def _one(self) -> Pick:
        if self._take("not"):
            refused = self._one()
            return lambda text: not refused(text)
        if self._take("("):
            pick = self.either()
            if not self._take(")"):
                raise UsageError("-k: a parenthesis is not closed")
            return pick
        if not self.words or self.words[0] in (")", "and", "or"):
            raise UsageError("-k: a word is missing")
        word = self.words.pop(0).casefold()
        return lambda text: word in text.casefold()

    def _take(self, word: str) -> bool:
        found = bool(self.words) and self.words[0] == word
        if found:
            self.words.pop(0)
        return found


def _either(one: Pick, other: Pick) -> Pick:
    return lambda text: one(text) or other(text)


def _both(one: Pick, other: Pick) -> Pick:
    return lambda text: one(text) and other(text)
