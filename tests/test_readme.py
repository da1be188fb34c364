"""README shows what really is said: each block is held against the command that it names."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"<!-- real output of: smtp-harness (.*?) -->\n```\n(.*?)```", re.DOTALL)
BLOCKS = BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
CUT = "[...]\n"

# What differs from run to run: times, ports, seeds, tokens, message ids; and how many cases there
# are, which every new suite changes.
CHANGING = re.compile(
    r"\d+\.\d{3}\b|127\.0\.0\.1:\d+|port was \d+|seed \d+|in \d+\.\d s"
    r"|\d+(?= (of|cases|met)\b)|(?<=of )\d+"
    r"|(?<=Subject: )[a-z0-9]{24}|(?<= as )[0-9a-f]+-[0-9a-f]+"
)


def steady(text: str) -> str:
    return re.sub("  +", "  ", CHANGING.sub("*", text))


@pytest.mark.slow
@pytest.mark.parametrize(("words", "block"), BLOCKS, ids=[words for words, _ in BLOCKS])
def test_readme_shows_what_the_command_says(words, block):
    told = subprocess.run(
        [sys.executable, "-m", "harness.cli", *words.split()],
        capture_output=True,
        text=True,
        cwd=ROOT,
    ).stdout
    rest = steady(told)
    for piece in block.split(CUT):
        _, found, rest = rest.partition(steady(piece))
        assert found, f"README shows what is not said (any more):\n{piece}"


def test_readme_has_output_to_hold():
    assert len(BLOCKS) >= 2
