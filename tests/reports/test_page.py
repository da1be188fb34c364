"""The page: its table as values, its HTML as a parser reads it, its weight."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import replace
from random import Random

import pytest

from harness.reports.page import to_html, to_page
from harness.reports.page.details import packed
from harness.reports.page.table import Cell, table_of, word_of
from harness.results import Exchange, Grade, Verdict
from tests.reports.outcomes import (
    ATTACKED,
    ERROR,
    FAIL,
    FIXED,
    INFO,
    KNOWN,
    MET,
    ONE_OF_EACH,
    REQUIREMENT,
    SKIP,
    WARN,
    a_run,
)
from tests.reports.parsing import Read

WORDS = {
    "met": (MET, "met"),
    "met again": (FIXED, "met"),
    "a MUST unmet": (FAIL, "fail"),
    "a vulnerability": (replace(FAIL, grade=Grade.VULNERABILITY), "fail"),
    "a SHOULD unmet": (WARN, "warn"),
    "a custom unmet": (replace(WARN, grade=Grade.DE_FACTO), "warn"),
    "a MAY unmet": (INFO, "info"),
    "a MUST known to be unmet": (KNOWN, "fail"),
    "a SHOULD known to be unmet": (replace(KNOWN, grade=Grade.SHOULD), "warn"),
    "skipped": (SKIP, "skip"),
    "an error": (ERROR, "error"),
}


@pytest.mark.parametrize(("outcome", "word"), WORDS.values(), ids=WORDS)
def test_a_word_says_how_much_weighs_what_was_not_met(outcome, word):
    assert word_of(outcome) == word


def cell(*outcomes):
    named = [replace(it, address=f"a/{number}") for number, it in enumerate(outcomes)]
    ((row,),) = table_of([a_run(*named)]).rows.values()
    return row.cells[0]


@pytest.mark.parametrize(("outcomes", "wanted"), [
    ((MET, SKIP), Cell("met")),
    ((MET, FAIL, WARN), Cell("fail")),
    ((MET, ERROR, WARN), Cell("error")),
    ((MET, KNOWN), Cell("fail", known=True)),
    ((KNOWN, FAIL), Cell("fail")),
    ((INFO, FIXED), Cell("info")),
])  # fmt: skip
def test_a_cell_has_the_word_of_its_worst_case(outcomes, wanted):
    assert cell(*outcomes) == wanted


def asks(id: str, rfc: str, section: str):
    return replace(REQUIREMENT, id=id, rfc=rfc, section=section)


def test_rows_stand_in_the_order_in_which_people_count():
    wanted = [
        asks("821-3-1", "821", "3"),
        asks("5321-4.2-2", "5321", "4.2"),
        asks("5321-4.10-1", "5321", "4.10"),
        asks("5321-D-1", "5321", "D"),
        asks("login-1", "login-draft", "2"),
    ]
    mixed = wanted[::-1]
    Random(1).shuffle(mixed)
    table = table_of(
        [
            a_run(
                replace(MET, requirements=tuple(mixed)), replace(FAIL, address="x", requirements=())
            )
        ]
    )

    assert list(table.rows) == ["RFC 821", "RFC 5321", "login-draft", "cases of no requirement"]
    rows = [row for rows in table.rows.values() for row in rows]
    assert [row.requirement for row in rows] == [*wanted, None]


def test_a_case_that_a_run_had_not_leaves_its_cell_empty():
    other = replace(FAIL, address="b", requirements=(asks("5321-4.2-2", "5321", "4.2"),))
    rows = table_of([a_run(MET), a_run(other)]).rows["RFC 5321"]

    assert [row.cells for row in rows] == [(Cell("met"), Cell("")), (Cell(""), Cell("fail"))]


def test_nothing_that_a_peer_sent_is_markup():
    plain, attacked = (
        Read(to_html(a_run(replace(it, title=f"{it.title}\"'<b>"), greeting=greeting)))
        for it, greeting in ((FAIL, "220 hi"), (ATTACKED, "220 <script>x</script>"))
    )

    assert attacked.tags == plain.tags


def test_no_style_no_script_no_image_from_elsewhere():
    page = Read(to_page([a_run(*ONE_OF_EACH)] * 2))

    assert not [it for tag in ("script", "img", "link", "iframe") for it in page.of(tag)
                if "src" in it or "href" in it]  # fmt: skip
    assert {it["href"][:8] for it in page.of("a")} <= {"https://", "#127-0-0"}
    assert "default-src 'none'" in page.of("meta")[1]["content"]


def test_each_server_has_its_summary_and_each_row_its_cells():
    page = Read(to_page([a_run(*ONE_OF_EACH, name="one"), a_run(MET, name="other")]))

    assert [it["id"] for it in page.of("section")] == ["one", "other"]
    assert len(page.of("tr")) == 3
    assert sum(1 for it in page.of("button") if it.get("tabindex") == "-1") == 2


def test_what_cells_open_is_in_the_page():
    table = table_of([a_run(FAIL), a_run(KNOWN)])
    document = json.loads(gzip.decompress(base64.b64decode(packed(table))))

    ((address, outcomes),) = document["cases"]
    assert document["rows"] == [[0]]
    assert address == FAIL.address
    assert [verdict for verdict, _ in outcomes] == ["fail", "known"]
    assert "S: 250 2.1.5 ok" in outcomes[0][1]
    assert "known since 3.7" in outcomes[1][1]


def many(count):
    """Runs as large as real ones, with dialogues that compress as real ones do."""
    chance = Random(4711)

    def dialogue():
        token = f"{chance.getrandbits(128):032x}".encode()
        return tuple(
            replace(it, at=chance.random(), octets=it.octets + token if it.octets else b"")
            for it in MET.exchanges * 4
        )

    def outcome(number):
        wanted = asks(f"5321-4-{number}", "5321", "4")
        verdict = chance.choice([Verdict.MET] * 8 + [Verdict.KNOWN, Verdict.SKIP])
        return replace(FAIL, address=f"rfc5321/4/{number}", requirements=(wanted,),
                       verdict=verdict, exchanges=dialogue())  # fmt: skip

    return a_run(*map(outcome, range(count)))


@pytest.mark.slow
def test_a_page_of_eight_servers_weighs_less_than_two_megabytes():
    assert len(to_page([many(800) for _ in range(8)]).encode()) < 2_000_000


def test_where_all_would_be_too_much_what_was_unmet_keeps_its_dialogue():
    long = Exchange(at=1.0, who="S", octets=b"250 a long reply\r\n" * 3)
    met, unmet = replace(MET, exchanges=(long,) * 9), replace(FAIL, address="x")
    table = table_of([a_run(met, unmet)])
    whole = len(packed(table))

    for room in (whole - 1, 10):
        stories = json.loads(gzip.decompress(base64.b64decode(packed(table, room))))["cases"]
        (_, told_met), (_, told_unmet) = (told[0] for _, told in stories)
        assert "a long reply" not in told_met
        assert "S: 250 2.1.5 ok" in told_unmet
