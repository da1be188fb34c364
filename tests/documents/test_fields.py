"""Fields of a mapping, read into values."""

from __future__ import annotations

import pytest

from harness.documents import (
    Complaints,
    Fields,
    Place,
    parse,
    read_duration,
    read_size,
)
from harness.errors import UsageError


def fields(text: str, complaints: Complaints, what: str = "the file") -> Fields:
    return Fields(parse(text, "x.yaml", Complaints()), complaints, what)


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
