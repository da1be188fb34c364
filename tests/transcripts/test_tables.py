"""Tables: rows that cases share, and products of them."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from tests.transcripts.written import read

TABLES = """
    tables:
      marks:
        - {id: lf, mark!: '\\n.\\n', caught_by: lf-dot-lf, needs: auth}
        - {id: cr, mark!: '\\r.\\r'}
      places:
        - {id: within, before: The end?, needs: tls}
        - {id: first, before: "", start: mail}
"""


def suite(each: str, dialogue: str = "C: {mark}", tables: str = TABLES) -> str:
    block = indent(dedent(dialogue), "      ")
    return (
        f"suite: s\n{dedent(tables)}cases:\n  - id: a\n    each: {each}\n    dialogue: |\n{block}\n"
    )


def cases(text: str):
    found, complaints = read(text)
    assert [str(it) for it in complaints if not it.warning] == []
    assert found is not None
    return found.cases


def said(text: str) -> list[str]:
    return [it.sentence for it in read(text)[1]]


def test_a_table_makes_a_case_of_each_row():
    lf, cr = cases(suite("marks"))
    assert (lf.address, lf.caught_by) == ("s/a/lf", "lf-dot-lf")
    assert lf.values["mark"].pieces == (b"\n.\n",)
    assert (cr.address, cr.caught_by, cr.at.line) == ("s/a/cr", None, 6)


def test_a_product_makes_a_case_of_each_row_of_one_with_each_of_the_other():
    found = cases(suite("marks x places", "C: {before}{mark}"))
    assert [case.address for case in found] == [
        "s/a/lf/within", "s/a/lf/first", "s/a/cr/within", "s/a/cr/first",
    ]  # fmt: skip
    within, first = found[:2]
    assert within.values.keys() == {"mark", "before"}
    assert (within.caught_by, first.caught_by) == ("lf-dot-lf", "lf-dot-lf")
    assert (within.start, first.start) == ("connect", "mail")
    assert within.needs[:2] == ("auth", "tls")


def test_cases_share_a_table_and_each_may_use_another_of_its_values():
    tables = "tables: {t: [{id: q, v: 1, w: 2}]}\n"
    two = suite("t", "C: {v}", tables) + "  - id: b\n    each: t\n    dialogue: |\n      C: {w}\n"
    assert said(two) == []
    assert said(suite("t", "C: {v}", tables)) == [
        "nothing uses the value 'w' (a line would, with {w})"
    ]


def test_tables_may_follow_each_other():
    tables = "tables: {t: [{id: p, v: 1}], u: [{id: q, v: 2}]}\n"
    assert [case.address for case in cases(suite("[t, u]", "C: {v}", tables))] == ["s/a/p", "s/a/q"]
    same = "tables: {t: [{id: p, v: 1}], u: [{id: p, v: 2}]}\n"
    assert said(suite("[t, u]", "C: {v}", same)) == ["two of these rows are 'p'"]
    other = "tables: {t: [{id: p, v: 1}], u: [{id: q, w: 2}]}\n"
    assert "the row 'q' sets no 'v' (the row 'p' does)" in said(suite("[t, u]", "C: {v}", other))


NO_ROWS = "the table 'a' has no rows (`- {id: a, value: b}` lines)"
WRONG = {
    "no such table": ("mark", TABLES, ["unknown table 'mark' (did you mean 'marks'?)"]),
    "one of two": ("marks x place", TABLES, ["unknown table 'place' (did you mean 'places'?)"]),
    "no tables": ("t", "", ["unknown table 't'"]),
    "not used": ("places", TABLES,
                 ["nothing uses the table 'marks' (a case would, with `each: marks`)"]),
    "no rows": ("t", "tables: {a: []}\n", [NO_ROWS, "unknown table 't'"]),
    "no list": ("t", "tables: {a: {}}\n", [NO_ROWS, "unknown table 't'"]),
    "no mapping": ("t", "tables: x\n",
                   ["'tables' must be a mapping: `key: value` lines", "unknown table 't'"]),
    "x in a name": ("a", "tables: {a x b: [{id: q, before: 1}], a: [{id: q, before: 1}]}\n",
                    ["'a x b' cannot name a table (x is for products)",
                     "nothing uses the table 'a x b' (a case would, with `each: a x b`)"]),
    "a value of two tables": ("t x u",
                              "tables: {t: [{id: q, before: 1}], u: [{id: p, before: 1}]}\n",
                              ["two of these tables say 'before'"]),
    "a key of two tables": ("t x u",
                            "tables: {t: [{id: q, before: 1, why: a}], u: [{id: p, why: b}]}\n",
                            ["two of these tables say 'why'"]),
    "rows that differ": ("t", "tables: {t: [{id: q, before: 1}, {id: p}]}\n",
                         ["the row 'p' sets no 'before' (the row 'q' does)"]),
}  # fmt: skip


@pytest.mark.parametrize(("each", "tables", "complaints"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_tables(each, tables, complaints):
    dialogue = "C: {before}" if "before" in tables and "mark" not in each else "C: x"
    assert said(suite(each, dialogue, tables)) == complaints


def test_tables_are_not_blamed_for_a_dialogue_that_could_not_be_read():
    assert said(suite("marks", "X")) == ["no line begins with 'X' (there are C: C! S: and *)"]
