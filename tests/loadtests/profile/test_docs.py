"""docs/load.md says what profiles can say: held against what is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.documents import DocumentError
from loadtests.counting.phases import PHASES
from loadtests.measures import COUNTS, LATENCIES, STATISTICS
from loadtests.profile import read_profile, shipped
from loadtests.profile.behaviours import BEHAVIOURS
from loadtests.profile.manners import MANNERS
from tests.loadtests.profile.writing import profile

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "load.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    """What stands between a heading and the next."""
    return TEXT.partition(f"\n{heading}\n")[2].partition("\n#")[0]


def rows(heading: str) -> dict[str, str]:
    """The rows of the first table below a heading: the first cell, and the rest."""
    told = section(heading).splitlines()
    lines = [line.strip("| ").partition(" | ") for line in told if line.startswith("|")]
    return {first.strip("`"): rest for first, _, rest in lines if not first.startswith("-")}


def test_the_profiles_that_are_shipped_are_those_that_it_lists():
    listed = rows("## Profiles")
    del listed["profile"]  # the heading

    assert listed == {name: read_profile(name).about for name in shipped()}


def test_its_example_can_be_read(tmp_path: Path):
    (example,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    found = profile(tmp_path, example)

    assert [stage.name for stage in found.stages] == ["day", "newsletter", "afterwards"]
    assert [len(one.mailboxes) for one in found.behaviours] == [500, 500]


KEYS = [key for key in rows("### Every key") if re.fullmatch("[a-z_]+", key) and key != "key"]
PLANS = {"about", "users", "rate", "duration", "stages", "messages", "seed", "mix"}
PROMISES = {"thresholds", "stop_when"}


def test_every_key_is_in_its_table():
    assert set(KEYS) == {*PLANS, *PROMISES, *MANNERS}


@pytest.mark.parametrize("key", KEYS)
def test_every_key_of_its_table_is_known(tmp_path: Path, key: str):
    path = tmp_path / "mine.yaml"
    path.write_text(f"{key}: ?\n", encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        read_profile(str(path))

    assert not [one for one in caught.value.complaints if one.sentence.startswith("unknown key")]


def test_every_behaviour_is_in_its_table():
    assert set(BEHAVIOURS) == set(rows("### The mix")) - {"behaviour"}


def test_every_word_of_a_threshold_is_in_its_table():
    words = set(re.findall(r"`([a-z_0-9.]+)`", section("### Thresholds")))

    assert words >= {*COUNTS, *STATISTICS, *(set(LATENCIES) - set(PHASES))}


SENTENCES = re.findall(r"`([a-z_]+(?: p[0-9.]+)? [<>=]+ [0-9.]+\S*)`", TEXT)


@pytest.mark.parametrize("sentence", sorted(set(SENTENCES)))
def test_every_threshold_that_it_shows_can_be_read(tmp_path: Path, sentence: str):
    assert profile(tmp_path, f"thresholds: ['{sentence}']").thresholds
