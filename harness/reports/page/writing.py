"""The page as HTML: a summary for each server, filters, the table, and what its cells open.

It works from a file: style and script are in it, and its policy (CSP) forbids every other.  All
that a peer sent is escaped here or, in what cells open, set as text by the script.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from harness.reports import one_file
from harness.reports.one_file import text
from harness.reports.page.details import packed
from harness.reports.page.table import MET, WORDS, Cell, Row, Table, table_of, word_of
from harness.results import RunResult, Verdict

LEVELS = ("MUST", "SHOULD", "MAY", "de-facto")
_HERE = "harness.reports.page"
RFC_EDITOR = "https://www.rfc-editor.org/rfc/rfc"
_SAYS = {
    "fail": "breaks a MUST, or lets an attacker in",
    "warn": "breaks a SHOULD, or what is custom",
    "info": "does not what it may",
    "met": "does as the requirement says",
    "skip": "lacks what the case needs",
    "error": "could not be judged",
}


def to_html(result: RunResult) -> str:
    """The page of one run."""
    return to_page([result])


def to_page(runs: Sequence[RunResult]) -> str:
    """The page of these runs, side by side."""
    table = table_of(runs)
    style, script = (
        one_file.resource("harness.reports.page", f"page.{it}") for it in ("css", "js")
    )
    title = "SMTP servers and the RFCs" if len(runs) > 1 else f"{_name(runs[0])} and the RFCs"
    body = "".join([
        f"<header><h1>{text(title)}</h1>\n<p>{_lead(runs, table)}</p></header>\n<main>\n",
        *(_summary(number, run) for number, run in enumerate(runs)),
        *_filters(table),
        *_table(runs, table),
        "</main>\n",
        _FOOT,
        f'<script type="text/plain" id="stories">{packed(table)}</script>\n',
    ])  # fmt: skip
    return one_file.page(title, style=style, script=script, body=body)


# --- the summary of each server ------------------------------------------------------------------


def _lead(runs: Sequence[RunResult], table: Table) -> str:
    count = sum(len(rows) for rows in table.rows.values())
    servers = f"{len(runs)} servers" if len(runs) > 1 else "one server"
    days = sorted({run.started[:10] for run in runs})
    version = next((run.harness for run in runs if run.harness), "")
    return text(
        f"{count} requirements, {len(table.cases)} cases, {servers}; "
        f"smtp-harness {version}, {' to '.join(dict.fromkeys((days[0], days[-1])))}."
    )


def _summary(number: int, run: RunResult) -> str:
    counts = Counter(word_of(outcome) for outcome in run.outcomes)
    known = run.tally[Verdict.KNOWN]
    words = [f'<b class="{word}">{counts[word]}</b> {word}' for word in WORDS if counts[word]]
    cut = " The run was interrupted." if run.interrupted else ""
    noted = f" {known} of the deviations are known, with their reasons." if known else ""
    name = text(_name(run))
    return (
        f'<section class="server" id="{_anchor(run)}"><h2><a href="#{_anchor(run)}">{name}</a></h2>'
        f"<p><code>{text(run.greeting or run.target)}</code></p>{_bar(counts)}"
        f"<p>{', '.join(words)} of {run.total} cases.{noted}{cut} "
        f'<button type="button" class="only" data-run="{number}">Show where it deviates</button>'
        f"</p></section>\n"
    )


def _bar(counts: Counter[str]) -> str:
    """Judged cases as a bar; the words beside it say the same."""
    judged = [word for word in ("fail", "error", "warn", "info", MET) if counts[word]]
    total = sum(counts[word] for word in judged) or 1
    at, parts = 0.0, []
    for word in judged:
        width = 100 * counts[word] / total
        parts.append(f'<rect class="{word}" x="{at:.2f}" width="{width:.2f}" height="4"/>')
        at += width
    return (
        '<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(parts)}</svg>"
    )


def _name(run: RunResult) -> str:
    return run.name or run.target


def _anchor(run: RunResult) -> str:
    return re.sub(r"[^a-z0-9]+", "-", _name(run).lower()).strip("-") or "server"


# --- filters -------------------------------------------------------------------------------------


def _filters(table: Table) -> Iterator[str]:
    yield '<form id="filters" role="search" hidden>\n'
    yield _choice("rfc", "RFC", [(name, name) for name in table.rows])
    yield _choice("level", "Level", [(level, level) for level in LEVELS])
    yield _choice("verdict", "Verdict", [
        ("deviates", "some server deviates"), ("differ", "servers differ"),
        *((word, f"some cell: {word}") for word in WORDS),
    ])  # fmt: skip
    yield '<label>Words <input type="search" name="words" placeholder="pipelining"></label>\n'
    yield '<button type="reset">All</button> <output id="shown" aria-live="polite"></output>\n'
    yield "</form>\n"
    yield '<p class="legend">'
    yield " ".join(f'<span class="{word}">{word}</span> {_SAYS[word]};' for word in WORDS)
    yield " <sup>k</sup> a known deviation. Arrow keys move, Enter opens.</p>\n"
    yield "<noscript><p>Filters and dialogues need the page's own script.</p></noscript>\n"


def _choice(name: str, label: str, options: Sequence[tuple[str, str]]) -> str:
    rows = "".join(f'<option value="{text(it)}">{text(words)}</option>' for it, words in options)
    return (
        f'<label>{label} <select name="{name}"><option value="">all</option>{rows}</select>'
        "</label>\n"
    )


# --- the table -----------------------------------------------------------------------------------


def _table(runs: Sequence[RunResult], table: Table) -> Iterator[str]:
    names = "".join(f'<th scope="col">{text(_name(run))}</th>' for run in runs)
    yield '<div class="scroll" tabindex="-1"><table id="table">'
    yield f'<thead><tr><th scope="col">requirement</th>{names}</tr></thead>\n'
    for group, rows in table.rows.items():
        yield f'<tbody data-rfc="{text(group)}"><tr class="rfc"><th scope="rowgroup" '
        yield f'colspan="{len(runs) + 1}">{text(group)}</th></tr>\n'
        yield from map(_row, rows)
        yield "</tbody>\n"
    yield "</table></div>\n"


def _row(row: Row) -> str:
    cells = "".join(map(_cell, row.cells))
    level = row.level.replace(" NOT", "")
    head = f'<th scope="row">{_source(row)}{text(row.title)}</th>'
    return f'<tr data-level="{text(level)}">{head}{cells}</tr>\n'


def _source(row: Row) -> str:
    wanted = row.requirement
    if wanted is None:
        return ""
    section = f"{text(wanted.section)} {text(row.level)}"
    if wanted.rfc.isdigit():
        section = f'<a href="{RFC_EDITOR}{wanted.rfc}#section-{text(wanted.section)}">{section}</a>'
    return f'<span class="id" id="{text(wanted.id)}">{text(wanted.id)}</span> {section} '


def _cell(cell: Cell) -> str:
    if not cell.word:
        return "<td></td>"
    known = "<sup>k</sup>" if cell.known else ""
    return f'<td><button tabindex="-1" class="{cell.word}">{cell.word}{known}</button></td>'


_FOOT = """<dialog id="story" aria-labelledby="story-title">
<form method="dialog"><h2 id="story-title"></h2><button autofocus>Close</button></form>
<div id="story-cases"></div></dialog>
"""
