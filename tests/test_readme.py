"""README shows what really is said, held against the commands; it counts what really is shipped."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness.transcripts.loader import find_suites, load_suite, shipped_suites

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


# | [`smuggling/`](suites/smuggling) ... | 198 | what they are about |
ROWS = re.findall(
    r"^\| (\[`\w+/`\].*?) \| (\d+) \|",
    (ROOT / "README.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


@pytest.mark.parametrize(("links", "said"), ROWS, ids=[links for links, _ in ROWS])
def test_readme_counts_the_cases_that_are_shipped(links, said):
    folders = re.findall(r"\(suites/(\w+)\)", links)
    found = find_suites([shipped_suites() / folder for folder in folders])

    assert int(said) == sum(len(load_suite(path).cases) for path in found)


def test_readme_leaves_no_suite_out_and_names_none_twice():
    named = re.findall(r"\(suites/(\w+)\)", "".join(links for links, _ in ROWS))
    root = shipped_suites()
    shipped = {path.relative_to(root).parts[0] for path in find_suites(root)}

    assert sorted(named) == sorted(shipped)
