"""YAML with places: what is read, what is complained of, and how a complaint looks."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest

from harness.documents import (
    Complaints,
    DocumentError,
    ListNode,
    MappingNode,
    Place,
    TextNode,
    load,
    parse,
    read,
)
from harness.errors import UsageError
from tests.documents.telling import told

# --- nodes -----------------------------------------------------------------------------------


def test_every_scalar_stays_the_text_that_it_is():
    root = parse("a: [NO, 0250, 5.10, on, null, ~, '']", "x.yaml", Complaints())

    assert isinstance(root, MappingNode)
    items = root.get("a")
    assert isinstance(items, ListNode)
    texts = [item.value for item in items.items if isinstance(item, TextNode)]
    assert texts == ["NO", "0250", "5.10", "on", "null", "~", ""]
    assert root.get("b") is None


def test_every_node_knows_its_place():
    root = parse("one: 1\ntwo:\n  - [é, x]\n", "x.yaml", Complaints())

    assert isinstance(root, MappingNode)
    two = root.get("two")
    assert isinstance(two, ListNode)
    inner = two.items[0]
    assert isinstance(inner, ListNode)
    assert inner.items[1].at == Place("x.yaml", 3, 9, "  - [é, x]", 1)


LITERALS = {
    "as deep as its key says": (
        "a: |\n  one\n\n  two\n",
        [("one", 2, 3), ("", 3, 1), ("two", 4, 3)],
    ),
    "a line that is deeper": ("a: |\n   x\n     y\n", [("x", 2, 4), ("  y", 3, 4)]),
    "blank lines first": ("a: |\n\n  x\n", [("", 2, 1), ("x", 3, 3)]),
    "its depth is written": ("a: |2\n    x\n  y\n", [("  x", 2, 3), ("y", 3, 3)]),
    "the end is cut off": ("a: |-\n x", [("x", 2, 2)]),
    "the end is kept": ("a: |+\n x\n\n", [("x", 2, 2), ("", 3, 1)]),
    "after a comment": ("a: | # why\n x\n", [("x", 2, 2)]),
    "an empty block": ("a: |\nb: c\n", [("", 2, 1)]),
    "windows": ("a: |\r\n  x\r\n  y\r\n", [("x", 2, 3), ("y", 3, 3)]),
}


@pytest.mark.parametrize(("text", "lines"), LITERALS.values(), ids=LITERALS)
def test_the_lines_of_a_block_stand_where_the_file_has_them(text, lines):
    root = parse(text, "x.yaml", Complaints())

    assert isinstance(root, MappingNode)
    block = root.get("a")
    assert isinstance(block, TextNode)
    assert block.is_literal
    assert [(line, at.line, at.column) for line, at in block.lines()] == lines
    assert all(at.text[at.column - 1 :] == line for line, at in block.lines() if line)


def test_a_part_of_a_quoted_text_stands_behind_the_quote():
    root = parse("a: 'xyz'\nb: xyz", "x.yaml", Complaints())

    assert isinstance(root, MappingNode)
    quoted, plain = root.get("a"), root.get("b")
    assert isinstance(quoted, TextNode)
    assert isinstance(plain, TextNode)
    assert quoted.part(1, 2).column == 6
    assert plain.part(1, 2).column == 5


# --- what is refused -------------------------------------------------------------------------

REFUSED = {
    "a repeated key": ("a: 1\nb: 2\na: 3\n",
                       "3:1: the key 'a' is repeated (it stands in line 1 already)"),
    "a key that is no text": ("[a]: b\n", "1:1: a key must be text (quote it)"),
    "an alias": ("a: *b\n", "1:4: an alias, '*b', means nothing here (write the value out)"),
    "an anchor": ("a: &b c\n", "1:4: an anchor, '&b', means nothing here (write the value out)"),
    "a tag": ("a: !b c\n", "1:4: a tag, '!b', means nothing here "
              "(quote a text that begins with '!')"),
    "two documents": ("a: b\n--- c\n", "2:5: a second document (one document in one file)"),
    "nothing": ("", "1:1: the file is empty"),
    "a comment alone": ("# nothing\n", "1:1: the file is empty"),
    "a control": ("a: \x01\n", "1:4: U+0001 may not stand in YAML "
                  "(in a dialogue, write it as \\x01 after C!)"),
    "YAML's own line end": ("a: x\u2028y\n", "1:5: U+2028 may not stand in YAML "
                            "(in a dialogue, write it as \\xe2\\x80\\xa8 after C!)"),
    "a lone CR": ("a: x\ry\n", "1:5: U+000D may not stand in YAML "
                  "(in a dialogue, write it as \\x0d after C!)"),
    "a tab": ("a:\n\tb: c\n", "2:1: a tab in the indentation (indent by spaces)"),
    "a tab in a block": ("a: |\n  b\n  \tc\n", "3:3: a tab in the indentation (indent by spaces)"),
    "a colon": ("a: b: c\n", "1:5: not YAML: mapping values are not allowed in this context "
                "(quote a text that holds ': ')"),
    "an at": ("a: @b\n", "1:4: not YAML: found character that cannot start any token "
              "(quote a text that begins with this character)"),
    "an open quote": ("a: 'b\nc: d\n", "1:4: not YAML: found unexpected end of stream "
                      "(a quote is not closed)"),
    "an open list": ("a: [b\nc: d\n", "2:2: not YAML: did not find expected ',' or ']'"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "complaint"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_is_told_with_its_place(text, complaint):
    assert told(text) == [f"x.yaml:{complaint}"]


def test_all_mistakes_are_found_in_one_go():
    text = "a: 1\na: 2\nb: &x 3\nc: &y 4\nd: !t 5\ne: x\x02y\n"

    assert [it.split(":")[1] for it in told(text)] == ["2", "3", "5", "6"]


def test_mistakes_in_one_line_stand_at_their_columns():
    assert [it.split(" ")[0] for it in told("a: b\nc: x\x01y\x02\x01\nd: \x01\n")] == [
        "x.yaml:2:5:", "x.yaml:2:7:", "x.yaml:2:8:", "x.yaml:3:4:"
    ]  # fmt: skip


def test_an_alias_bomb_costs_nothing():
    bomb = "a: &a [lol]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
        for before, name in pairwise("abcdefghijkl")
    )
    tracemalloc.start()

    complaints = told(bomb)

    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()
    assert [it.partition(" ")[2].partition(",")[0] for it in complaints] == [
        "an anchor",
        "an alias",
    ]


def test_lists_in_lists_end_somewhere():
    assert told("[" * 100_000) == ["x.yaml:1:41: more than 40 lists and mappings in each other"]


# --- files -----------------------------------------------------------------------------------


def test_a_file_that_is_not_utf_8_is_shown_at_its_octet(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes("a: b\nsé: J".encode() + b"\xe9r\xf4me\r\nc: d\n")

    with pytest.raises(DocumentError) as refusal:
        load(path)

    assert str(refusal.value) == (
        "error: not UTF-8: octet 0xe9 (save the file as UTF-8)\n"
        f" --> {path}:2:6\n"
        "  |\n"
        "2 | sé: J\N{REPLACEMENT CHARACTER}r\N{REPLACEMENT CHARACTER}me\n"
        "  |      ^"
    )


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "x.yaml"
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    tracemalloc.start()

    with pytest.raises(DocumentError) as refusal:
        load(path)

    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    assert str(refusal.value) == (
        f"error: the file is larger than 4,194,304 octets (is this the right file?)\n --> {path}"
    )


def test_a_file_that_is_not_there_is_a_complaint(tmp_path):
    with pytest.raises(UsageError, match=r"error: no such file or directory\n --> .*nowhere.yaml$"):
        load(tmp_path / "nowhere.yaml")
    with pytest.raises(DocumentError, match="is a directory"):
        load(tmp_path)


def test_a_mark_of_byte_order_is_no_part_of_the_text(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: b\n")

    root = load(path)

    assert isinstance(root, MappingNode)
    assert root.get("a") is not None


def test_reading_on_after_a_mistake_gives_what_there_is():
    complaints = Complaints()

    root = parse("a: 1\na: 2\nb: 3\n", "x.yaml", complaints)

    assert isinstance(root, MappingNode)
    assert [key.value for key, _ in root.entries] == ["a", "b"]


def test_what_cannot_be_read_has_no_node(tmp_path):
    complaints = Complaints()
    (tmp_path / "x").write_bytes(b"\xff")

    assert read(tmp_path / "x", complaints) is None
    assert read(tmp_path / "y", complaints) is None
    assert len(complaints.errors) == 2
