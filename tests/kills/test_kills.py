"""The kill matrix: what should not be is said, and a page tells the rest."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from page import Kills, Night, to_page

from tests.kills.conftest import KILLS

LIES = {
    "": "the honest server",
    "keeps-dots": "Dots are kept.",
    "no-help": "There is no <HELP>.",
    "no-quit": "Nobody may go.",
}
CASES = {
    "a/dots": "keeps-dots",
    "a/more-dots": "keeps-dots",
    "b/help": "no-help",
    "rfc1/quit": "no-quit",
    **{f"rfc1/c{number}": "no-help-either" for number in range(11)},
}


def night(lie, *unmet, segment="whole", unjudged=()):
    return Night(lie=lie, segment=segment, unmet=unmet, unjudged=tuple(unjudged), seconds=1.0)


def kills(*nights):
    return Kills(lies=LIES, cases=CASES, nights=nights)


FINE = (night(""), night("keeps-dots", "a/dots", "a/more-dots"), night("no-help", "b/help"))
# nights -> what is said of them
TROUBLES = {
    "all is as it should be": (FINE, []),
    "the honest server trips one": (
        (night("", "b/help"), *FINE[1:]),
        ["b/help, whole: not met by the honest server"],
    ),
    "the honest server cannot be judged": (
        (night("", unjudged=["b/help"]), *FINE[1:]),
        ["b/help, whole: not met by the honest server"],
    ),
    "a lie that one of its cases does not see": (
        (*FINE, night("keeps-dots", "a/dots", segment="bytes")),
        ["a/more-dots, bytes: not tripped by keeps-dots"],
    ),
    "a lie that trips more than a tenth of the others of its RFC": (
        (*FINE, night("no-quit", "rfc1/quit", "rfc1/c0", "rfc1/c1", "rfc1/c2", "b/help")),
        ["no-quit, whole: trips 3 of 11 other cases of rfc1"],
    ),
    "a lie that trips a tenth of them": (
        (*FINE, night("no-quit", "rfc1/quit", "rfc1/c0", "rfc1/c1")),
        [],
    ),
    "a lie that there is no more": ((*FINE, night("gone", "a/dots")), []),
}


@pytest.mark.parametrize(("nights", "said"), TROUBLES.values(), ids=TROUBLES)
def test_what_should_not_be_is_said(nights, said):
    assert list(kills(*nights).troubles()) == said


def test_the_page_has_a_row_for_each_lie_and_for_each_case():
    told = to_page(kills(*FINE, night("no-help", "b/help", "a/dots", segment="bytes")))

    assert "15 cases on the honest server and on 2 of 3 liars, octets cut by whole, bytes" in told
    assert "There is no &lt;HELP&gt;." in told
    assert "<code>b/help 2/2</code>" in told
    assert told.count('<tr id="') == 2
    assert "Every case was met by the honest server" in told


def test_the_page_names_what_should_not_be():
    told = to_page(kills(night("no-help")))

    assert "<li>b/help, whole: not tripped by no-help</li>" in told


@pytest.mark.slow
def test_a_night_that_was_too_short_goes_on_where_it_ended(tmp_path):
    lines, page = tmp_path / "lines", tmp_path / "page.html"
    options = ("--lie", "no-unstuff", "--segment", "whole", "--lines", lines, "--page", page)
    honest = {"lie": "", "segment": "whole", "unmet": [], "unjudged": [], "seconds": 1.0}
    known = {**honest, "lie": "no-unstuff", "unmet": ["rfc5321/4.5.2/leading-dots"]}
    lines.write_text("".join(f"{json.dumps(row)}\n" for row in (honest, known)) + '{"lie": "no-u')

    done = subprocess.run(
        [sys.executable, KILLS / "kills.py", *options], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1  # for it has another case, and that was not seen
    assert "textbook/dialogue/attachment, whole: not tripped by no-unstuff" in done.stdout
    assert "unmet in" not in done.stdout  # nothing was played
    assert page.exists()
