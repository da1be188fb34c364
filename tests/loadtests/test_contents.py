from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from loadtests import contents
from loadtests.contents import read_messages

# what stands in a file -> the messages in it
FILES = {
    "one message": (b"A: b\r\n\r\ntext\r\n", [b"A: b\r\n\r\ntext\r\n"]),
    "LF becomes CRLF": (b"A: b\n\ntext\n", [b"A: b\r\n\r\ntext\r\n"]),
    "so does CR": (b"A: b\r\rtext", [b"A: b\r\n\r\ntext"]),
    "and CR CR LF is two ends": (b"A: b\r\r\n", [b"A: b\r\n\r\n"]),
    "From in the text is text": (b"A: b\n\nFrom me\n", [b"A: b\r\n\r\nFrom me\r\n"]),
    "an mbox of one": (b"From a@x Thu\nA: b\n\ntext\n\n", [b"A: b\r\n\r\ntext\r\n"]),
    "without its last line": (b"From a@x Thu\nA: b\n\ntext", [b"A: b\r\n\r\ntext"]),
    "an mbox of two": (
        b"From a@x Thu\nA: b\n\none\n\nFrom c@x Thu\nC: d\n\ntwo\n\n",
        [b"A: b\r\n\r\none\r\n", b"C: d\r\n\r\ntwo\r\n"],
    ),
    "From without an empty line before": (
        b"From a@x Thu\nA: b\n\none\nFrom here\n\n",
        [b"A: b\r\n\r\none\r\nFrom here\r\n"],
    ),
    "quoted as mboxrd does": (
        b"From a@x Thu\nA: b\n\n>From me\n>>From you\n> From\n\n",
        [b"A: b\r\n\r\nFrom me\r\n>From you\r\n> From\r\n"],
    ),
    "an empty message between": (
        b"From a@x Thu\n\nFrom c@x Thu\nC: d\n\n",
        [b"C: d\r\n"],
    ),
}


@pytest.mark.parametrize(("octets", "messages"), FILES.values(), ids=FILES)
def test_messages_are_read_from_a_file(tmp_path: Path, octets: bytes, messages: list[bytes]):
    path = tmp_path / "mail"
    path.write_bytes(octets)

    assert list(read_messages(path)) == messages


def test_all_of_a_folder_and_below_are_read_in_the_order_of_their_names(tmp_path: Path):
    (tmp_path / "more").mkdir()
    for name in ("b.eml", "a.eml", "more/c.eml", "notes.txt"):
        (tmp_path / name).write_text(f"N: {name}\n\n")

    assert [message[3:8] for message in read_messages(tmp_path)] == [b"a.eml", b"b.eml", b"more/"]


def test_what_holds_no_message_is_wrong_use(tmp_path: Path):
    empty = tmp_path / "empty.eml"
    empty.write_bytes(b"\n")
    wrong = {
        empty: "there is no message in it",
        tmp_path / "none.eml": "No such file or directory",
    }
    for path, words in wrong.items():
        with pytest.raises(UsageError, match=rf"{path.name}: {words}"):
            read_messages(path)


def test_a_folder_without_messages_is_wrong_use(tmp_path: Path):
    with pytest.raises(UsageError, match=r"there is no \*.eml in this folder"):
        read_messages(tmp_path)


def test_what_would_fill_the_memory_is_wrong_use(tmp_path: Path):
    path = tmp_path / "huge.eml"
    with path.open("wb") as file:
        file.truncate(contents.MOST + 1)  # a hole, which takes no room

    with pytest.raises(UsageError, match="at most are kept in memory"):
        read_messages(path)
