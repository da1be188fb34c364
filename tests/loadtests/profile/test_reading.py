from __future__ import annotations

from pathlib import Path

import pytest

from harness.documents import DocumentError
from harness.errors import UsageError
from loadtests.profile import Pipelining, Profile, Span, read_profile, shipped

WHOLE = """\
about: a test
users: 3
duration: 500ms
messages_per_connection: 10
size: 2 KB
recipients: 2
pipelining: off
seed: 9
thresholds: [failures == 0, message p99 < 1s]
"""


def profile(folder: Path, text: str) -> Profile:
    path = folder / "mine.yaml"
    path.write_text(text)
    return read_profile(str(path))


def complaints(folder: Path, text: str) -> list[tuple[int, str]]:
    with pytest.raises(DocumentError) as caught:
        profile(folder, text)
    return [(complaint.at.line, complaint.sentence) for complaint in caught.value.complaints]


def test_a_whole_profile_is_read(tmp_path: Path):
    found = profile(tmp_path, WHOLE)

    assert found.name == "mine"
    (sender,) = found.behaviours
    assert (found.users, found.duration, found.seed) == (3, 0.5, 9)
    assert sender.messages_per_connection == Span(10, 10)
    assert (sender.size, sender.recipients) == (Span(2000, 2000), Span(2, 2))
    assert sender.pipelining is Pipelining.OFF
    assert [one.text for one in found.thresholds] == ["failures == 0", "message p99 < 1s"]


def test_what_is_left_out_is_small_and_without_limit(tmp_path: Path):
    found = profile(tmp_path, "about: a test\nduration: 1s\n")

    (sender,) = found.behaviours
    assert (found.users, found.seed) == (1, 1)
    assert (sender.size, sender.recipients) == (Span(1024, 1024), Span(1, 1))
    assert sender.messages_per_connection is None
    assert sender.pipelining is Pipelining.AUTO


@pytest.mark.parametrize(
    ("written", "octets"),
    [("512", 512), ("1KiB", 1024), ("10 KB", 10_000), ("1.5MiB", 1_572_864), ("2048 B", 2048)],
)
def test_sizes_have_units(tmp_path: Path, written: str, octets: int):
    (sender,) = profile(tmp_path, f"about: a\nduration: 1s\nsize: {written}\n").behaviours
    assert sender.size == Span(octets, octets)


# line to change -> the complaint about it
WRONG = {
    "usres: 3": "unknown key 'usres' (did you mean 'users'?)",
    "users: 0": "'users' must be at least 1",
    "users: many": "'users' must be a whole number, not 'many'",
    "duration: 0s": "a run must last some time",
    "duration: ten": "'duration' must be a duration, not 'ten' (such as 5s, 200ms or 2m)",
    "messages_per_connection: 0": "'messages_per_connection' must be a number from 1 on, "
    "or 'unlimited'",
    "size: big": "'big' is no size (such as 10KiB; units: B, KB, KiB, MB, MiB, GB, GiB)",
    "size: 100": "'size' must be from 512 octets, which hold the header, to 1000MB",
    "size: 5000MB": "'size' must be from 512 octets, which hold the header, to 1000MB",
    "pipelining: of": "unknown pipelining 'of' (did you mean 'off'?)",
    "thresholds: [mesage p99 < 1s]": "no phase is called 'mesage' (did you mean 'message'?)",
    "thresholds: [xyz == 1]": "no count is called 'xyz' "
    "(there are: failures, accepted, refused, unanswered, rate)",
    "thresholds: [quick]": "a threshold reads like 'failures == 0' or 'message p99 < 250ms'",
}


@pytest.mark.parametrize(("line", "complaint"), WRONG.items(), ids=WRONG)
def test_a_mistake_is_complained_of_at_its_line(tmp_path: Path, line: str, complaint: str):
    key = line.partition(":")[0]
    kept = [old for old in WHOLE.splitlines() if not old.startswith(f"{key}:")]
    text = "\n".join([*kept, line])

    assert complaints(tmp_path, text) == [(len(kept) + 1, complaint)]


def test_all_mistakes_are_complained_of_at_once(tmp_path: Path):
    found = complaints(tmp_path, "users: 0\nsize: x\n")

    assert [line for line, _ in found] == [1, 1, 1, 2]
    assert {sentence for line, sentence in found if line == 1} == {
        "'users' must be at least 1",
        "the profile has no 'about'",
        "the profile has no 'duration'",
    }


def test_a_profile_is_found_by_name(tmp_path: Path):
    assert read_profile("smoke").name == "smoke"


def test_every_shipped_profile_can_be_read_and_says_what_it_is_for():
    profiles = [read_profile(name) for name in shipped()]

    assert profiles
    assert all(0 < len(one.about) < 90 for one in profiles)


def test_an_unknown_name_comes_with_the_nearest_one():
    with pytest.raises(UsageError, match=r"'smokw' \(did you mean 'smoke'\?\)"):
        read_profile("smokw")


def test_a_name_that_is_near_to_nothing_comes_with_all_names():
    with pytest.raises(UsageError, match=r"there are: .*smoke"):
        read_profile("zzz")


def test_a_file_that_is_not_there_is_wrong_use(tmp_path: Path):
    with pytest.raises(UsageError, match="no such file"):
        read_profile(str(tmp_path / "none.yaml"))
