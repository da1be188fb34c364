"""What the pages of load have in common: the head, the verdict, the charts, what the cursor tells.

The script reads what it tells from a block of data, and sets it as text, never as markup.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from harness.reports import one_file
from harness.reports.load.page.charts import Drawn
from harness.reports.one_file import text
from harness.visible import harmless

_HERE = "harness.reports.load.page"

Told = Sequence[tuple[float, str]]  # seconds of the run, and what the cursor tells of them


def framed(title: str, lead: Iterable[str], main: Iterable[str], told: Told, end: float) -> str:
    """The page; `main` is markup, the rest is not."""
    body = "".join([
        f"<header><h1>{text(title)}</h1>\n",
        *(f"<p>{text(line)}</p>\n" for line in lead),
        "</header>\n<main>\n",
        *main,
        "</main>\n",
        f'<script type="application/json" id="moments">{_data(told, end)}</script>\n',
    ])  # fmt: skip
    style, script = (one_file.resource(_HERE, f"load.{kind}") for kind in ("css", "js"))
    return one_file.page(title, style=style, script=script, body=body)


def _data(told: Told, end: float) -> str:
    rows = [[round(100 * seconds / end, 2), harmless(words)] for seconds, words in told]
    return json.dumps(rows).replace("<", "\\u003c")  # no "</script>" of a server ends ours


def banner(kind: str, sign: str, title: str, reasons: Iterable[tuple[str, str]]) -> str:
    """The verdict with its reasons, each of a class of its own."""
    items = "".join(f'<li class="{weight}">{text(reason)}</li>' for weight, reason in reasons)
    why = f'<ol id="why">{items}</ol>' if items else ""
    return (
        f'<section id="verdict" class="{kind}"><h2><span aria-hidden="true">{sign}</span> '
        f"{text(title[0].upper() + title[1:])}</h2>{why}</section>\n"
    )


def figures(drawn: Iterable[Drawn]) -> str:
    """Charts, and the line that tells what is below the cursor."""
    readout = '<output id="readout" aria-live="polite" hidden></output>\n'
    return "".join([*map(_figure, drawn), readout])


def _figure(drawn: Drawn) -> str:
    legend = "".join(
        f'<li><svg width="26" height="10" aria-hidden="true">{_sample(kind)}</svg> '
        f"{text(name)}</li>"
        for kind, name in drawn.legend
    )
    return (
        f'<figure><figcaption><h2>{text(drawn.title)}</h2><ul class="legend">{legend}</ul>'
        f"</figcaption>{drawn.chart.markup()}</figure>\n"
    )


def _sample(kind: str) -> str:
    if kind.startswith("k"):
        return f'<rect class="area {kind}" width="26" height="10"/>'
    return f'<path class="line {kind}" d="M0 5H26"/>'
