"""Profiles for tests: written to a file, read, and complained of."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.documents import DocumentError
from loadtests.profile import Profile, read_profile


def profile(folder: Path, text: str) -> Profile:
    """The profile of this text; what it lacks of what every profile has is put on top."""
    lines = [
        line
        for line in ("about: a test", "duration: 1s")
        if f"{line.partition(':')[0]}:" not in text and not ("stages:" in text and "dur" in line)
    ]
    path = folder / "mine.yaml"
    path.write_text("\n".join([*lines, text, ""]), encoding="utf-8")
    return read_profile(str(path))


def complaints(folder: Path, text: str) -> list[tuple[str, str]]:
    """What is wrong with a profile: what is pointed at, and what is said of it."""
    with pytest.raises(DocumentError) as caught:
        profile(folder, text)
    return [
        (one.at.text[one.at.column - 1 :][: one.at.width], one.sentence)
        for one in caught.value.complaints
    ]
