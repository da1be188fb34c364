"""YAML with places: what is read, what is complained of, and how a complaint looks."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest

from harness.documents import (
    Complaint,
    Complaints,
    DocumentError,
    Fields,
    ListNode,
    MappingNode,
    Place,
    TextNode,
    load,
    nearest,
    parse,
    read,
    read_duration,
    read_size,
    render,
)
from harness.errors import UsageError


def told(text: str) -> list[str]:
    complaints = Complaints()
    parse(text, "x.yaml", complaints)
    return [str(complaint) for complaint in complaints]


def fields(text: str, complaints: Complaints, what: str = "the file") -> Fields:
    return Fields(parse(text, "x.yaml", Complaints()), complaints, what)


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


# --- complaints ------------------------------------------------------------------------------


def test_a_complaint_shows_the_line_with_a_caret():
    at = Place("x.smtp.yaml", 13, 5, "    dialog: |", 6)

    assert render(Complaint(at, "unknown key 'dialog'", "did you mean 'dialogue'?")) == (
        "error: unknown key 'dialog' (did you mean 'dialogue'?)\n"
        "  --> x.smtp.yaml:13:5\n"
        "   |\n"
        "13 |     dialog: |\n"
        "   |     ^^^^^^"
    )


def test_a_warning_says_so():
    assert render(Complaint(Place("x", 1), "odd", warning=True)) == "warning: odd\n --> x:1:1"


@pytest.mark.parametrize("column", [1, 60, 150, 299])
def test_the_caret_stands_below_its_place_in_a_long_line(column):
    line = "".join(chr(33 + number % 90) for number in range(300))

    *_, shown, caret = render(Complaint(Place("x", 1, column, line, 500), "odd")).splitlines()

    assert shown[caret.index("^")] == line[column - 1]
    assert len(shown) == len(caret.rstrip("^")) + caret.count("^") <= 104


def test_what_cannot_be_printed_is_shown_all_the_same():
    rendered = render(Complaint(Place("x", 1, 3, "\ta\x00b"), "odd"))

    assert "1 | →a\N{REPLACEMENT CHARACTER}b\n  |   ^" in rendered


def test_complaints_come_in_the_order_of_the_file_and_once():
    complaints = Complaints()
    complaints.add(Place("x", 2), "second")
    complaints.warn(Place("x", 1, 2), "a warning")
    complaints.add(Place("x", 1), "first")
    complaints.add(Place("x", 2), "second")

    assert [it.message for it in complaints] == ["first", "a warning", "second"]
    assert [it.message for it in complaints.errors] == ["first", "second"]
    with pytest.raises(DocumentError, match="first") as refusal:
        complaints.raise_errors()
    assert refusal.value.complaints == complaints.errors


def test_there_are_enough_mistakes_for_once():
    complaints = Complaints()

    for line in range(1, 1000):
        complaints.unknown(Place("x", line), "word", "a", ["b"])
        complaints.add(Place("x", line), "odd")

    assert len(complaints.errors) == 501
    assert str(complaints.errors[-1]) == "x:251:1: 500 mistakes are enough for once"


def test_warnings_alone_stop_nobody():
    complaints = Complaints()
    complaints.warn(Place("x", 1), "odd")

    complaints.raise_errors()


def test_the_nearest_word_is_named_or_all_if_they_are_few():
    complaints = Complaints()
    at = Place("x", 1)

    assert complaints.unknown(at, "start", "MIAL", ["mail", "data"]) == "mail"
    assert complaints.unknown(at, "start", "zzzz", ["mail", "data"]) is None
    assert complaints.unknown(at, "id", "zzzz", map(str, range(50))) is None
    assert [it.sentence for it in complaints] == [
        "unknown start 'MIAL' (did you mean 'mail'?)",
        "unknown start 'zzzz' (there are: data, mail)",
        "unknown id 'zzzz'",
    ]
    assert nearest("dialog", ["dialogue"]) == "did you mean 'dialogue'?"
    assert nearest("dialog", ["x"]) == ""


def test_a_place_is_a_path_and_a_line():
    assert str(Place("x", 7, 3)) == "x:7"
    assert Place("x", 7, 3).exactly == "x:7:3"
    assert str(Place("x", 0)) == Place("x", 0).exactly == "x"
    assert Place("x", 7, 3).onward(2, 0) == Place("x", 7, 5)


# --- fields ----------------------------------------------------------------------------------

DURATIONS = {"5s": 5.0, "200ms": 0.2, "1.5s": 1.5, "2m": 120.0, "1h": 3600.0, "4d": 345600.0,
             "5": None, "s": None, "-1s": None, "5 s": None, "": None}  # fmt: skip


SIZES = {"512": 512, "2KB": 2000, "2 KiB": 2048, "1.5MB": 1_500_000, "1GiB": 2**30, "0": 0,
         "": None, "KB": None, "-1": None, "1 KB ": None, "1kb": None, "1e3": None}  # fmt: skip


@pytest.mark.parametrize(("text", "octets"), SIZES.items(), ids=SIZES)
def test_sizes(text, octets):
    assert read_size(text) == octets


@pytest.mark.parametrize(("text", "seconds"), DURATIONS.items(), ids=DURATIONS)
def test_durations(text, seconds):
    assert read_duration(text) == pytest.approx(seconds)


def test_fields_are_read_into_values():
    complaints = Complaints()
    with fields(
        "text: a\nlist: [a, b]\none: a\nflag: yes\nnumber: 7\ntime: 2s\nword: red\n"
        "pairs: {a: b}\ninner: {x: y}\nsize: 2KiB\npauses: [1s, 2m]\n", complaints
    ) as it:  # fmt: skip
        assert it.text("text") == it.required_text("text") == "a"
        assert it.texts("list") == ("a", "b")
        assert it.texts("one") == ("a",)
        assert it.flag("flag")
        assert not it.flag("other")
        assert it.flag("third", True)
        assert it.number("number") == 7
        assert it.duration("time") == 2.0
        assert it.choice("word", ["red", "blue"]) == "red"
        assert it.size("size") == 2048
        assert it.durations("pauses") == (1.0, 120.0)
        assert it.made(it.node("number"), lambda text: int(text) + 1) == 8
        assert {name: node.value for name, node in it.pairs("pairs").items()} == {"a": "b"}
        inner = it.fields("inner")
        assert inner is not None
        assert inner.text("x") == "y"
        assert "text" in it
        assert it.place("word").line == 7
        assert it.place("nowhere") == it.at
    assert list(complaints) == []


def test_what_is_not_there_has_a_default():
    complaints = Complaints()
    with fields("a: b", complaints) as it:
        assert it.text("x") is None
        assert it.texts("x") == ()
        assert it.choice("x", ["y"]) is None
        assert it.number("x", 3) == 3
        assert it.duration("x", 0.5) == 0.5
        assert it.durations("x") == ()
        assert it.size("x", 5) == 5
        assert it.made(None, int) is None
        assert it.fields("x") is None
        assert it.pairs("x") == {}
        assert [key.value for key, _ in it.rest()] == ["a"]
        assert it.rest() == []
    assert list(complaints) == []


def refuse(text):
    raise UsageError(f"no such {text}")


WRONG = {
    "a list for a text": ("x: [a, b]", lambda it: it.text("x"),
                          "a list where text is wanted (quote it: \"[a, b]\")"),
    "a mapping for a text": ("x: {sender}", lambda it: it.text("x"),
                             "a mapping where text is wanted (quote it: \"{sender}\")"),
    "a block for a text": ("x:\n  a: b", lambda it: it.text("x"), "a mapping where text is wanted"),
    "a text for a mapping": ("x: a", lambda it: it.fields("x"),
                             "'x' must be a mapping: `key: value` lines"),
    "a word": ("x: rad", lambda it: it.choice("x", ["red"]),
               "unknown x 'rad' (did you mean 'red'?)"),
    "a flag": ("x: maybe", lambda it: it.flag("x"),
               "unknown x 'maybe' (there are: false, no, true, yes)"),
    "a number": ("x: many", lambda it: it.number("x"), "'x' must be a whole number, not 'many'"),
    "a number of Thebes": ("x: \u0663", lambda it: it.number("x"),
                           "'x' must be a whole number, not '\u0663'"),
    "a small number": ("x: 0", lambda it: it.number("x", minimum=1), "'x' must be at least 1"),
    "a duration": ("x: 5", lambda it: it.duration("x"),
                   "'x' must be a duration, not '5' (such as 5s, 200ms or 2m)"),
    "a duration among others": ("x: [1s, 2]", lambda it: it.durations("x"),
                                "'x' must be a duration, not '2' (such as 5s, 200ms or 2m)"),
    "a size": ("x: 5 PB", lambda it: it.size("x"),
               "'5 PB' is no size (such as 10KiB; units: B, KB, KiB, MB, MiB, GB, GiB)"),
    "what nothing can be made of": ("x: a", lambda it: it.made(it.node("x"), refuse), "no such a"),
    "an item": ("x: [a, {b: c}]", lambda it: it.texts("x"),
                "a mapping where text is wanted (quote it: \"{b: c}\")"),
    "a pair": ("x: {a: [b]}", lambda it: it.pairs("x"),
               "a list where text is wanted (quote it: \"[b]\")"),
    "a key": ("tex: a", lambda it: it.text("text"), "unknown key 'tex' (did you mean 'text'?)"),
    "a missing key": ("{}", lambda it: it.required_text("x"), "the file has no 'x'"),
    "a mistyped key": ("dialog: a", lambda it: it.required_text("dialogue"),
                       "unknown key 'dialog' (did you mean 'dialogue'?)"),
    "a text for the file": ("a", lambda it: it.required_text("x"),
                            "the file must be a mapping: `key: value` lines"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "ask", "complaint"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_a_field_is_one_complaint_and_no_exception(text, ask, complaint):
    complaints = Complaints()

    with fields(text, complaints) as it:
        ask(it)

    assert [told.sentence for told in complaints] == [complaint]


def test_an_exception_inside_is_not_followed_by_complaints():
    complaints = Complaints()

    with pytest.raises(KeyError), fields("a: b", complaints):
        raise KeyError

    assert list(complaints) == []


def test_a_file_that_could_not_be_read_has_no_fields():
    complaints = Complaints()

    with Fields(None, complaints) as it:
        assert it.required_text("a") == ""
        assert it.at == Place("", 0)

    assert list(complaints) == []
