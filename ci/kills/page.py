"""The kill matrix as a page: which cases each lie trips, and which lies trip each case."""

from __future__ import annotations

import html
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

FEW = 12  # addresses that are shown before the rest is folded away
SHARE = 10  # a lie may trip one in so many of the other cases of its RFC


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What all cases found on one server with one cut of the octets."""

    lie: str
    segment: str
    unmet: tuple[str, ...]
    unjudged: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)  # no slots: what is computed once is kept
class Kills:
    """All that was found."""

    lies: Mapping[str, str]  # name -> what is wrong; "" is the honest server
    cases: Mapping[str, str]  # address -> the lie that it names
    nights: Sequence[Night]

    @cached_property
    def by_lie(self) -> dict[str, list[Night]]:
        """The nights of each server, in the order of the lies."""
        found: dict[str, list[Night]] = {name: [] for name in self.lies}
        for night in self.nights:
            if night.lie in found:
                found[night.lie].append(night)
        return found

    @cached_property
    def killers(self) -> dict[str, Counter[str]]:
        """For each case how often which lie tripped it."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for night in self.nights:
            for address in night.unmet:
                found[address][night.lie] += 1
        return found

    def own(self, lie: str) -> list[str]:
        """The cases that name this lie."""
        return [address for address, name in self.cases.items() if name == lie and lie]

    def troubles(self) -> Iterator[str]:
        """What should not be: the honest server trips a case, a liar too few or too many."""
        for night in self.nights:
            for address in (*night.unmet, *night.unjudged) if not night.lie else ():
                if address in self.cases:
                    yield f"{address}, {night.segment}: not met by the honest server"
            for address in self.own(night.lie):
                if address not in night.unmet:
                    yield f"{address}, {night.segment}: not tripped by {night.lie}"
            yield from self._too_many(night)

    def _too_many(self, night: Night) -> Iterator[str]:
        """Of the other cases of the RFCs that its own are of, where others share no octets."""
        own = set(self.own(night.lie))
        for rfc in sorted({it for it in map(_folder, own) if it.startswith("rfc")}):
            others = {it for it in self.cases if _folder(it) == rfc} - own
            tripped = others & set(night.unmet)
            if len(tripped) > math.ceil(len(others) / SHARE):  # of a small RFC one is a few
                few = f"{len(tripped)} of {len(others)} other cases of {rfc}"
                yield f"{night.lie}, {night.segment}: trips {few}"


def _folder(address: str) -> str:
    return address.split("/")[0]


def to_page(kills: Kills) -> str:
    """The page, one file without a script."""
    segments = list(dict.fromkeys(night.segment for night in kills.nights))
    tried = [name for name in kills.lies if name and kills.by_lie[name]]
    troubles = list(kills.troubles())
    return "".join([
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n',
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        f"<title>The kill matrix</title>\n<style>{_STYLE}</style></head><body>\n",
        "<h1>The kill matrix</h1>\n",
        f"<p>{len(kills.cases)} cases on the honest server and on {len(tried)} of ",
        f"{len(kills.lies) - 1} liars, octets cut by {', '.join(segments)}. A liar is right but ",
        "for one thing. Its own cases, which name it, must be unmet on it; of the other cases of ",
        f"its RFC it may trip one in {SHARE}.</p>\n",
        _troubles(troubles),
        "<h2>Lies, and what they trip</h2>\n<table><thead><tr><th>lie</th><th>its own cases</th>",
        "<th>other cases</th></tr></thead><tbody>\n",
        *(_lie(kills, name) for name in tried),
        "</tbody></table>\n<h2>Cases, and what trips them</h2>\n",
        "<table><thead><tr><th>case</th><th>lies</th></tr></thead><tbody>\n",
        *(_case(kills, address) for address in kills.cases),
        "</tbody></table></body></html>\n",
    ])  # fmt: skip


def _troubles(troubles: Sequence[str]) -> str:
    if not troubles:
        return "<p>Every case was met by the honest server, and tripped by its liar.</p>\n"
    rows = "".join(f"<li>{_text(trouble)}</li>" for trouble in troubles)
    return f'<h2 class="bad">What should not be</h2><ul>{rows}</ul>\n'


def _lie(kills: Kills, name: str) -> str:
    nights = kills.by_lie[name]
    own = kills.own(name)
    caught = Counter(address for night in nights for address in set(night.unmet) & {*own})
    rows = [f"{address} {caught[address]}/{len(nights)}" for address in own]
    others = sorted({it for night in nights for it in night.unmet} - {*own})
    return (
        f'<tr id="{_text(name)}"><th scope="row"><code>{_text(name)}</code> '
        f"{_text(kills.lies[name])}</th><td>{_list(rows)}</td><td>{_list(others)}</td></tr>\n"
    )


def _case(kills: Kills, address: str) -> str:
    own = kills.cases[address]
    others = [name for name, _ in kills.killers[address].most_common() if name not in (own, "")]
    names = [f'<a href="#{_text(own)}"><b>{_text(own)}</b></a>', *map(_text, others[:FEW])]
    rest = f" and {len(others) - FEW} more" if len(others) > FEW else ""
    head = f'<th scope="row"><code>{_text(address)}</code></th>'
    return f"<tr>{head}<td>{', '.join(names)}{rest}</td></tr>\n"


def _list(texts: Sequence[str]) -> str:
    shown = "<br>".join(f"<code>{_text(text)}</code>" for text in texts[:FEW])
    rest = "<br>".join(f"<code>{_text(text)}</code>" for text in texts[FEW:])
    more = f"<details><summary>{len(texts) - FEW} more</summary>{rest}</details>" if rest else ""
    return shown + more


def _text(text: str) -> str:
    return html.escape(text)


_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 90rem;
  padding: 0 1rem 3rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { border-bottom: 1px solid #8886; padding: .3rem .5rem; text-align: left;
  vertical-align: top; }
th { font-weight: normal; } thead th { font-weight: 600; }
code { font: 13px ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.bad { color: light-dark(#b3141d, #ff8f8f); }
@media print { details { display: none; } tr { break-inside: avoid; } }
"""
