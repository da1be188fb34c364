from __future__ import annotations

from pathlib import Path

import pytest

from harness.documents import DocumentError
from harness.errors import UsageError
from loadtests.profile import Pipelining, Span, read_profile, shipped
from tests.loadtests.profile.writing import complaints, profile

WHOLE = """\
about: a test
users: 3
duration: 500ms
messages: 1000
messages_per_connection: 10
size: 2 KB
recipients: 2
pipelining: off
seed: 9
thresholds: [failures == 0, message p99 < 1s]
stop_when: message p99 > 10s
"""


def test_a_whole_profile_is_read(tmp_path: Path):
    found = profile(tmp_path, WHOLE)

    assert (found.name, found.about) == ("mine", "a test")
    (sender,) = found.behaviours
    assert (found.users, found.duration, found.seed) == (3, 0.5, 9)
    assert (found.messages, found.has_rate) == (1000, False)
    assert sender.messages_per_connection == Span(10, 10)
    assert (sender.size, sender.recipients) == (Span(2000, 2000), Span(2, 2))
    assert sender.pipelining is Pipelining.OFF
    assert [one.text for one in found.thresholds] == ["failures == 0", "message p99 < 1s"]
    assert [one.text for one in found.stop_when] == ["message p99 > 10s"]


def test_what_is_left_out_is_small_and_without_limit(tmp_path: Path):
    found = profile(tmp_path, "")

    (sender,) = found.behaviours
    assert (found.users, found.seed, found.messages) == (1, 1, None)
    assert (sender.size, sender.recipients) == (Span(1024, 1024), Span(1, 1))
    assert sender.messages_per_connection is None
    assert sender.pipelining is Pipelining.AUTO


# a line -> what it is complained of, and where
WRONG = {
    "usres: 3": ("usres", "unknown key 'usres' (did you mean 'users'?)"),
    "messages: 0": ("0", "'messages' must be at least 1"),
    "seed: -1": ("-1", "'seed' must be a whole number, not '-1'"),
    "thresholds: [mesage p99 < 1s]": (
        "mesage p99 < 1s",
        "no latency is called 'mesage' (did you mean 'message'?)",
    ),
    "thresholds: [quick]": (
        "quick",
        "a threshold reads like 'failures == 0' or 'message p99 < 250ms'",
    ),
    "thresholds: [rate > 5/s, lost = 0]": ("lost = 0", "'=' compares nothing: write 'lost == 0'"),
    "stop_when: [late > 5%, lost > 3]": ("lost > 3", "'lost' is known only when the run is over"),
    "stop_when: delivery p99 > 1s": (
        "delivery p99 > 1s",
        "'delivery' is known only when the run is over",
    ),
    "stop_when: [failurs > 3]": (
        "failurs > 3",
        "no count is called 'failurs' (did you mean 'failures'?)",
    ),
}


@pytest.mark.parametrize(("line", "complaint"), WRONG.items(), ids=WRONG)
def test_a_mistake_is_complained_of_where_it_stands(
    tmp_path: Path, line: str, complaint: tuple[str, str]
):
    assert complaints(tmp_path, line) == [complaint]


def test_all_mistakes_are_complained_of_at_once_with_their_lines(tmp_path: Path):
    path = tmp_path / "mine.yaml"
    path.write_text("users: x\nsize: y\n")
    with pytest.raises(DocumentError) as caught:
        read_profile(str(path))

    assert [(one.at.line, one.message) for one in caught.value.complaints] == [
        (1, "the profile has no 'about'"),
        (1, "the profile has no 'duration'"),
        (1, "'users' must be a whole number, not 'x'"),
        (2, "'size' must be a size, not 'y'"),
    ]


def test_a_profile_is_found_by_name():
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
