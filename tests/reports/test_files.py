from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.reports.files import check_writable, write_whole


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "r.json"
    path.write_text("old")

    write_whole(path, "new \udce9")

    assert path.read_text() == "new \\udce9"
    assert os.listdir(tmp_path) == ["r.json"]


def test_a_symbolic_link_stays_one(tmp_path):
    (tmp_path / "real").write_text("old")
    link = tmp_path / "link"
    link.symlink_to("real")

    write_whole(link, "new")

    assert link.is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_what_is_no_file_is_written_to_and_not_replaced():
    null = os.stat(os.devnull)

    write_whole(Path(os.devnull), "gone")

    assert os.stat(os.devnull).st_rdev == null.st_rdev


def test_a_file_that_may_be_written_passes(tmp_path):
    check_writable(tmp_path / "new.xml")
    (tmp_path / "old.xml").touch()
    check_writable(tmp_path / "old.xml")


def test_a_wrong_path_is_told_in_words(tmp_path):
    with pytest.raises(UsageError, match="there is no directory"):
        check_writable(tmp_path / "nowhere" / "r.xml")
    with pytest.raises(UsageError, match="is a directory"):
        check_writable(tmp_path)


def test_a_place_that_takes_no_file_is_told():
    with pytest.raises(UsageError, match=r"r\.xml cannot be written"):
        check_writable(Path("/proc/r.xml"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is full")
def test_a_device_that_is_full_is_told():
    with pytest.raises(UsageError, match="/dev/full cannot be written: No space left"):
        write_whole(Path("/dev/full"), "text")


def test_a_folder_that_goes_away_during_the_run_is_told(tmp_path):
    with pytest.raises(UsageError, match="cannot be written"):
        write_whole(tmp_path / "gone" / "r.xml", "text")
