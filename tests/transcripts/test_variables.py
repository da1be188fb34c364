"""What goes out: values in templates, fillings, sizes, segments, tokens."""

from __future__ import annotations

import re

import pytest

from harness.errors import UsageError
from harness.protocol.replies import Reply
from harness.protocol.transparency import DataReader
from harness.transcripts.steps import Expect, Write
from harness.transcripts.variables import Segment, Values, make_token, render_write
from harness.transcripts.wants import TextMatches
from tests.transcripts.written import case, steps

FACTS = {"our_name": "me.test", "sender": "a@me.test", "recipient": "b@x.test",
         "many": "user{n}@x.test", "token": "tok"}  # fmt: skip


def sent(dialogue: str, keys: str = "", **options) -> tuple[Segment, ...]:
    found = case(dialogue, keys)
    write = next(step for step in found.steps if isinstance(step, Write))
    return render_write(write, Values.of(found, FACTS, **options))


def octets(dialogue: str, keys: str = "", **options) -> bytes:
    return b"".join(segment.octets for segment in sent(dialogue, keys, **options))


WRITES = {
    "text": ("C: NOOP", b"NOOP\r\n"),
    "octets": (r"C! a\x00\r", b"a\x00\r"),
    "a group": ("C: A\nC! b\nC:", b"A\r\nb\r\n"),
    "a fact": ("C: EHLO {our_name}", b"EHLO me.test\r\n"),
    "a filled line": ("C: NOOP {fill 12}", b"NOOP xxxxx\r\n"),
    "a filling in between": ("C: a{fill 9}b", b"axxxxxb\r\n"),
    "nothing to fill": ("C: a{fill 3}", b"a\r\n"),
    "a filling beside a variable": ("C: {token}{fill 7}", b"tokxx\r\n"),
    "a filling of one line of many": (r"C! ab\r\nc{fill 5}\r\ndef", b"ab\r\ncxx\r\ndef"),
    "a filling without line end": (r"C! ab\r\nc{fill 5}", b"ab\r\ncxxxx"),
    "a filling that is used": ("C: {fill 5 as x}\nC: -{x}", b"xxx\r\n-xxx\r\n"),
    "a size": ("C: BDAT {size} LAST\nC! a\\r\\n\nC: {token}", b"BDAT 8 LAST\r\na\r\ntok\r\n"),
    "two sizes": ("C: BDAT {size}\nC! abc\nC: BDAT {size} LAST\nC! de",
                  b"BDAT 3\r\nabcBDAT 2 LAST\r\nde"),
    "UTF-8": ("C: jösé", "jösé\r\n".encode()),
}  # fmt: skip


@pytest.mark.parametrize(("dialogue", "wanted"), WRITES.values(), ids=WRITES)
def test_lines_are_rendered(dialogue, wanted):
    assert sent(dialogue) == (Segment(wanted),)


SEGMENTS = {
    "after so many octets": ("C: ab\n  split after 3", [(b"ab\r", 0), (b"\n", 0)]),
    "after more than there are": ("C: ab\n  split after 9", [(b"ab\r\n", 0)]),
    "with lines around it": ("C: A\nC: b\n  split after 1\nC: D",
                             [(b"A\r\nb", 0), (b"\r\nD\r\n", 0)]),
    "every byte": ("C: A\nC! bc\n  split every byte\nC: D",
                   [(b"A\r\n", 0), (b"b", 0), (b"c", 0), (b"D\r\n", 0)]),
    "later": ("C: A\nC: B\n  after 200ms\nC: C", [(b"A\r\n", 0), (b"B\r\nC\r\n", 0.2)]),
    "later from the start": ("C: A\n  after 1s", [(b"A\r\n", 1)]),
    "later and cut": ("C: AB\n  after 1s\n  split after 1", [(b"A", 1), (b"B\r\n", 0)]),
    "later and every byte": ("C! ab\n  after 1s\n  split every byte", [(b"a", 1), (b"b", 0)]),
}  # fmt: skip


@pytest.mark.parametrize(("dialogue", "wanted"), SEGMENTS.values(), ids=SEGMENTS)
def test_a_write_goes_out_at_once_unless_its_author_cuts_it(dialogue, wanted):
    assert [(it.octets, it.after) for it in sent(dialogue)] == wanted


def test_names_are_exchanged_unless_the_dialogue_runs_as_it_is_written():
    keys = "names: {crepes.fr: our_name}"

    assert octets("C: HELO crepes.fr", keys) == b"HELO me.test\r\n"
    assert octets("C: HELO crepes.fr", keys, as_written=True) == b"HELO crepes.fr\r\n"
    assert octets("C: HELO {our_name}", keys, as_written=True) == b"HELO me.test\r\n"


def test_a_row_sets_values_that_hold_facts():
    keys = r"each: [{id: a, seq!: '\n.', to: '<{recipient}>'}]"

    assert octets(r"C! {to}{seq}", keys) == b"<b@x.test>\n."


def test_too_much_is_lines_of_more_than_the_target_takes():
    write = steps("C! {too_much}")[0]

    (segment,) = render_write(write, Values({"over_size": "2001"}))

    assert segment.octets == (b"x" * 998 + b"\r\n") * 3


@pytest.mark.parametrize("limit", [2_100, 3_000, 3_001, 3_002, 3_999])
@pytest.mark.parametrize(("name", "more"), [("brimful", 0), ("overfull", 1)])
def test_a_text_is_filled_up_to_what_the_target_takes(limit, name, more):
    write = steps(f"C: Subject: x\nC:\nC: ..dot\nC! {{{name}}}\nC: .")[0]
    (segment,) = render_write(write, Values({"over_size": str(limit + 1)}))
    reader = DataReader()
    reader.feed(segment.octets)

    content = reader.take()
    assert content is not None
    assert len(content) == limit + more
    assert max(map(len, content.split(b"\r\n"))) <= 998


def test_dots_make_more_on_the_wire_than_they_count():
    write = steps("C: Subject: x\nC:\nC! {full_of_dots}\nC: .")[0]
    (segment,) = render_write(write, Values({"over_size": "10001"}))
    reader = DataReader()
    reader.feed(segment.octets)

    content = reader.take()
    assert content is not None
    assert content.count(b"\n.xxxxxxx\r") > 900
    assert 9_500 < len(content) <= 10_000 < len(segment.octets)


def test_chunks_are_filled_up_too():
    write = steps("C: BDAT {size} LAST\nC! Subject: x\\r\\n\\r\\n{overfull}")[0]
    (segment,) = render_write(write, Values({"over_size": "2501"}))

    assert segment.octets.startswith(b"BDAT 2501 LAST\r\n")


def test_who_takes_next_to_nothing_is_not_filled_up():
    (segment,) = render_write(steps("C! a{brimful}")[0], Values({"over_size": "900"}))

    assert segment.octets == b"a"


def test_many_counts_with_the_repetition():
    found = case("* repeat 3 as n\n  C: {many} {n}")
    values = Values.of(found, FACTS)
    write = found.steps[0].steps[0]  # type: ignore[union-attr]  # read above

    rendered = []
    for number in (1, 2):
        values.count(number, "n")
        rendered.append(render_write(write, values)[0].octets)

    assert rendered == [b"user1@x.test 1\r\n", b"user2@x.test 2\r\n"]


def test_a_repetition_needs_no_counter_of_its_own():
    values = Values(FACTS)
    values.count(7, None)

    write = steps("C: {many}")[0]
    assert isinstance(write, Write)
    assert values.render(write.lines[0].octets) == b"user7@x.test\r\n"


def test_what_the_dialogue_set_wins():
    values = Values(FACTS)
    values["sender"] = b"x"

    (write,) = steps("C: {sender}")
    assert isinstance(write, Write)
    assert values.render(write.lines[0].octets) == b"x\r\n"
    assert "sender" in values
    assert "recipient" in values
    assert "nobody" not in values


def test_text_shows_what_is_no_text():
    values = Values({})
    (write,) = steps(r"C! a\xff")
    assert isinstance(write, Write)

    assert values.text(write.lines[0].octets) == "a\\xff"


def test_a_value_in_an_expression_is_escaped():
    (expect,) = steps(r"S: 250" "\n" r"  text ~ ^{our_name}\d{2}$")
    assert isinstance(expect, Expect)
    (check,) = expect.checks
    assert isinstance(check, TextMatches)

    assert Values(FACTS).pattern(check.pattern) == r"^me\.test\d{2}$"


def test_octets_that_are_no_text_match_as_replies_show_them():
    (expect,) = steps(r"S: 250" "\n" r"  text ~ {our_name}")
    assert isinstance(expect, Expect)
    (check,) = expect.checks
    assert isinstance(check, TextMatches)
    values = Values(FACTS)
    values["our_name"] = b"\xff."

    assert re.fullmatch(values.pattern(check.pattern), Reply(250, b"250 \xff.\r\n").lines[0])


def test_what_has_no_value_is_told_with_its_place():
    with pytest.raises(UsageError, match=r"x.smtp.yaml:5: \{foreign\} has no value here"):
        octets("C: {foreign}")


def test_a_line_cannot_be_filled_to_less_than_it_has():
    with pytest.raises(UsageError, match=r"x.smtp.yaml:5: \{fill 4\} in a line that has 5 octets"):
        octets("C: abc{fill 4}")


def test_tokens_are_unlike_but_can_be_had_again():
    tokens = [
        make_token(1, "a/b"),
        make_token(1, "a/b", 1),
        make_token(1, "a/c"),
        make_token(2, "a/b"),
    ]

    assert len(set(tokens)) == 4
    assert make_token(1, "a/b") == tokens[0]
    assert all(len(it) == 24 and it.isalnum() and it.isascii() for it in tokens)
