"""The page of a load run in a browser: what one sees first, charts, keys, a phone, paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from harness.load_results import LoadResult, Stage, Trouble
from harness.load_results.comparison import compare
from harness.reports.load.page import comparison_page, to_html
from tests.peers.browsing import contrasts, opened
from tests.reports.load_runs import breaking, closed, healthy, lossy, stopped

pytestmark = pytest.mark.peer

Show = Callable[[LoadResult], Page]


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Show]:
    with ExitStack() as pages:

        def shown(result: LoadResult) -> Page:
            path = tmp_path / "load.html"
            path.write_text(to_html(result), encoding="utf-8")
            page = pages.enter_context(opened(browser, path))
            page.set_viewport_size({"width": 1280, "height": 900})
            return page

        yield shown


@pytest.fixture
def page(show: Show) -> Page:
    return show(breaking())


def is_on_first_screen(page: Page, selector: str) -> bool:
    box = page.locator(selector).first.bounding_box()
    size = page.viewport_size
    assert box is not None
    assert size is not None
    return box["y"] + box["height"] <= size["height"]


def test_where_it_broke_and_the_first_chart_are_on_the_first_screen(page):
    expect(page.locator("#verdict h2")).to_contain_text("It broke: message p99 < 250ms")
    assert page.locator("#why li").first.inner_text().startswith("stage 'step 5' did not hold")
    assert is_on_first_screen(page, "#why")
    assert is_on_first_screen(page, "figure .chart")


def test_on_a_phone_the_verdict_and_its_first_reason_are_on_the_first_screen(page):
    page.set_viewport_size({"width": 390, "height": 844})

    assert is_on_first_screen(page, "#why li")


def test_a_reason_has_its_number_in_the_chart_where_it_happened(page):
    chart = page.locator(".chart").first
    mark, whole = chart.locator("line.mark").first.bounding_box(), chart.bounding_box()

    assert chart.locator("text.mark").first.text_content().split()[0] == "1"
    assert (mark["x"] - whole["x"]) / whole["width"] == pytest.approx(24 / 36, abs=0.01)


def test_charts_draw_what_was_counted(page):
    """The line of accepted messages goes from 200 a second to 800, where the chart has 1,500."""
    chart = page.locator(".chart").first
    line, grid = chart.locator("path.l0"), chart.locator("line.grid")
    box = line.bounding_box()
    feet = [it.bounding_box()["y"] for it in grid.all()]
    scale = (max(feet) - min(feet)) / 1_500
    highest, lowest = (max(feet) - y for y in (box["y"], box["y"] + box["height"]))

    assert highest / scale == pytest.approx(800, abs=25)  # and the width of the line
    assert lowest / scale == pytest.approx(200, abs=25)


def test_the_pointer_reads_a_moment_in_all_charts(page):
    chart = page.locator(".timed").first
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 25.5 / 36, box["y"] + 60)

    expect(page.locator("#readout")).to_contain_text(
        "25 s in 'step 5': 100 users, 786/s of 1,000/s"
    )
    expect(page.locator("#readout")).to_contain_text("greeting 421 4.7.0 x12")
    assert page.locator(".cursor.on").count() == page.locator(".timed").count() == 4
    page.mouse.move(5, 5)
    expect(page.locator("#readout")).to_be_hidden()


def test_keys_read_the_moments_one_after_the_other(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.classList.contains('timed')")
    readout = page.locator("#readout")
    for key, words in (
        ("ArrowRight", "0 s in 'step 1'"), ("ArrowRight", "1 s in"), ("ArrowLeft", "0 s in"),
        ("ArrowLeft", "0 s in"), ("End", "35 s in 'step 6'"), ("ArrowRight", "35 s in"),
        ("Home", "0 s in"),
    ):  # fmt: skip
        page.keyboard.press(key)
        expect(readout).to_contain_text(words)
    page.keyboard.press("Escape")
    expect(readout).to_be_hidden()


def test_the_stages_are_named_in_the_charts(page):
    names = page.locator(".chart").first.locator("text.stage").all_text_contents()

    assert names == [f"step {number}" for number in range(1, 7)]


def test_what_a_server_said_is_text(show):
    wild = "</script><img src=x onerror=alert(1)>"
    troubles = tuple(
        Trouble(stage="MAIL", what=f"45{number} {wild}", count=1, example=wild)
        for number in range(3)
    )
    run = replace(breaking(), troubles=troubles, greeting=wild, target=wild, profile=wild,
                  stages=(Stage(name=wild, begin=0, end=9, users=(1, 1)), *breaking().stages[2:]),
                  generators={wild: breaking().generators["local"]})  # fmt: skip
    page = show(run)

    assert page.locator("img").count() == 0
    expect(page.locator("h1")).to_contain_text(wild)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#readout")).to_contain_text(f"0 s in '{wild}'")


@pytest.mark.parametrize("run", [breaking, lossy, closed, stopped, healthy])
def test_on_a_phone_only_tables_scroll_sideways(show, run):
    page = show(run())
    page.set_viewport_size({"width": 390, "height": 844})

    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    for text in page.locator(".chart").first.locator("text.tick").all():
        box = text.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 391


def test_labels_keep_their_size_on_a_phone(page):
    sizes = []
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        sizes.append(page.locator("text.tick").first.bounding_box()["height"])

    assert sizes[0] == pytest.approx(sizes[1], abs=1)


def test_on_paper_there_is_all_that_the_screen_shows(page):
    page.emulate_media(media="print")

    assert page.locator(".chart").last.is_visible()
    assert page.locator("table").count() == 7
    assert len(page.pdf()) > 50_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("run", [breaking, healthy, closed])
def test_every_word_can_be_read(show, run, scheme):
    page = show(run())
    page.emulate_media(color_scheme=scheme)
    ratios = contrasts(page, "p, li, dt, dd, th, td, h1, h2, text.tick, text.stage, text.mark")

    assert len(ratios) > 30
    assert min(ratios.values()) >= 4.5, ratios


def test_without_its_script_the_page_tells_all_but_single_moments(browser, tmp_path):
    path = tmp_path / "load.html"
    path.write_text(to_html(breaking()), encoding="utf-8")
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(path.as_uri())

    assert page.locator("path.line").count() > 10
    assert not page.locator("#readout").is_visible()
    page.context.close()


# --- two runs compared ---------------------------------------------------------------------------


@pytest.fixture
def both(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    path = tmp_path / "both.html"
    path.write_text(comparison_page(compare(healthy(1), healthy(2, median=4_000))), "utf-8")
    with opened(browser, path) as page:
        yield page


def test_a_comparison_says_first_what_became_worse(both):
    expect(both.locator("#verdict h2")).to_contain_text("Worse: message p50 3 ms -> 3.99 ms")
    assert is_on_first_screen(both, "#verdict")


def test_the_slower_run_is_drawn_above_the_faster_one(both):
    """On the logarithmic axis of latencies, for p50: what is above is nearer to the top."""
    chart = both.locator(".chart").nth(1)
    old, new = (chart.locator(f"path.l0{kind}").bounding_box() for kind in (".old", ":not(.old)"))

    assert new["y"] + new["height"] < old["y"] + old["height"]


def test_both_runs_are_read_at_a_moment(both):
    both.keyboard.press("Tab")
    both.keyboard.press("End")

    expect(both.locator("#readout")).to_contain_text("29 s: old 500/s, p50 3")
    expect(both.locator("#readout")).to_contain_text("; new 500/s, p50 3.96 ms")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_of_a_comparison_can_be_read(both, scheme):
    both.emulate_media(color_scheme=scheme)
    ratios = contrasts(both, "p, li, th, td, h1, h2, text.tick")

    assert min(ratios.values()) >= 4.5, ratios


def test_a_comparison_fits_a_phone(both):
    both.set_viewport_size({"width": 390, "height": 844})

    assert both.evaluate("document.scrollingElement.scrollWidth") <= 390
