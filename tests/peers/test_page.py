"""The page in a browser that nobody here wrote: filters, keys, stories, a phone, paper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from harness.reports.page import to_page
from tests.peers.browsing import contrasts, opened
from tests.reports.outcomes import ATTACKED, FAIL, KNOWN, MET, REQUIREMENT, SKIP, WARN, a_run

pytestmark = pytest.mark.peer


def asks(id: str, rfc: str, level: str, text: str):
    return (replace(REQUIREMENT, id=id, rfc=rfc, level=level, text=text),)


DOTS = asks("5321-4.5.2-3", "5321", "MUST", "A leading period is removed.")
HELP = asks("5321-4.1-9", "5321", "SHOULD", "HELP tells something.")
SIZE = asks("1870-3-1", "1870", "MUST NOT", "SIZE is never lied about.")


def run(name: str, dots=MET, help=MET, size=MET):
    return a_run(
        replace(dots, address="rfc5321/4.5.2/dots", requirements=DOTS),
        replace(help, address="rfc5321/4.1/help", requirements=HELP),
        replace(size, address="rfc1870/3/size", requirements=SIZE),
        name=name,
    )


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    runs = [
        run("right"),
        run("wrong", dots=FAIL, help=WARN, size=SKIP),
        run("odd", dots=ATTACKED, size=KNOWN),
    ]
    path = tmp_path / "matrix.html"
    path.write_text(to_page(runs), encoding="utf-8")
    with opened(browser, path) as page:
        yield page


def shown(page: Page) -> list[str]:
    rows = page.locator("tbody tr:not(.rfc)").all()
    return [row.locator(".id").inner_text() for row in rows if row.is_visible()]


ALL = ["1870-3-1", "5321-4.1-9", "5321-4.5.2-3"]


def test_all_requirements_are_shown_and_counted(page):
    assert shown(page) == ALL
    assert page.locator("#shown").inner_text() == "3 of 3 requirements"


@pytest.mark.parametrize(("name", "value", "left"), [
    ("rfc", "RFC 1870", ["1870-3-1"]),
    ("level", "MUST", ["1870-3-1", "5321-4.5.2-3"]),
    ("verdict", "warn", ["5321-4.1-9"]),
    ("verdict", "differ", ALL),
    ("verdict", "skip", ["1870-3-1"]),
    ("verdict", "error", []),
])  # fmt: skip
def test_a_filter_leaves_what_is_meant(page, name, value, left):
    page.select_option(f"[name={name}]", value)

    assert shown(page) == left
    assert page.locator("#shown").inner_text() == f"{len(left)} of 3 requirements"


def test_words_are_searched_and_all_brings_all_back(page):
    page.fill("[name=words]", "LEADING period")
    assert shown(page) == ["5321-4.5.2-3"]

    page.click("button[type=reset]")
    expect(page.locator("#shown")).to_have_text("3 of 3 requirements")
    assert shown(page) == ALL


def test_a_server_alone_shows_where_it_deviates(page):
    page.locator("#odd .only").click()

    assert shown(page) == ["1870-3-1", "5321-4.5.2-3"]
    assert page.locator("#shown").inner_text() == "2 of 3 requirements of odd"


def test_what_was_chosen_can_be_sent_to_somebody(page):
    page.select_option("[name=level]", "SHOULD")
    page.goto("about:blank")
    page.go_back()

    assert shown(page) == ["5321-4.1-9"]


def test_a_cell_opens_what_was_wanted_what_came_and_the_dialogue(page):
    page.locator("tr", has_text="leading period").get_by_role("button").nth(1).click()
    dialog = page.get_by_role("dialog")

    expect(dialog.locator("h2")).to_contain_text("wrong: 5321-4.5.2-3")
    expect(dialog.locator("h3")).to_have_text("rfc5321/4.5.2/dots: fail")
    expect(dialog.locator("pre")).to_contain_text("wanted 503|5xx")
    expect(dialog.locator("pre")).to_contain_text("0.003 S: 250 2.1.5 ok")
    assert dialog.locator("pre .c").count() == 1
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_what_a_peer_sent_is_text_in_what_a_cell_opens(page):
    page.locator("tr", has_text="leading period").get_by_role("button").nth(2).click()
    told = page.get_by_role("dialog").locator("#story-cases")

    expect(told.locator("pre")).to_contain_text("]]>&<x/> [127.0.0.1]")
    elements = told.locator("*").evaluate_all("all => all.map(it => it.localName)")
    assert set(elements) == {"h3", "pre", "span"}


def test_keys_are_all_it_takes(page):
    page.locator("button[type=reset]").focus()
    for _ in range(8):  # to the table, whatever stands between
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('td') !== null"):
            break
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowUp", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")

    expect(page.get_by_role("dialog").locator("h2")).to_contain_text("wrong: 1870-3-1")
    page.keyboard.press("Enter")  # Close has the focus
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.evaluate("document.activeElement.textContent") == "skip"


def test_on_a_phone_only_the_table_scrolls_sideways(page):
    page.set_viewport_size({"width": 390, "height": 844})

    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    assert page.locator("tbody tr:not(.rfc) th").first.is_visible()
    assert page.locator("tbody button").first.is_visible()


def test_on_paper_there_is_the_table_without_what_paper_cannot_do(page):
    page.emulate_media(media="print")

    assert not page.locator("#filters").is_visible()
    assert not page.locator(".only").first.is_visible()
    assert shown(page) == ALL
    assert len(page.pdf()) > 10_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_can_be_read(page, scheme):
    """WCAG 2.1 1.4.3: a contrast of 4.5 to 1 against what is behind it."""
    page.emulate_media(color_scheme=scheme)
    ratios = contrasts(page, "p, label, td button, th, th a, .id, .legend span, h1, h2 a")

    assert len(ratios) > 8
    assert min(ratios.values()) >= 4.5, ratios
