"""A card as text, in the eighty columns that a terminal has."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from harness.probing import Card, Judged, Layer, Measured, Verdict
from harness.probing.card import Accepted, Asked, Certificate, Tls
from harness.probing.extensions import EXTENSIONS, UNKNOWN
from harness.visible import harmless

WIDTH = 80
_LABEL = 18  # columns of what stands left of a fact

_SHOWN: Final[Mapping[Verdict, str]] = {
    Verdict.WORKS: "works",
    Verdict.BROKEN: "BROKEN",
    Verdict.UNADVERTISED: "unadvertised",
    Verdict.ABSENT: "-",
    Verdict.UNPROVEN: "unproven",
    Verdict.TOLD: "told",
}
_REMARKABLE = frozenset({Verdict.BROKEN, Verdict.UNPROVEN})


def lines(card: Card) -> Iterator[str]:
    """The lines of a card; nothing in them moves a terminal."""
    for line in _lines(card):
        yield harmless(line).rstrip()


def _lines(card: Card) -> Iterator[str]:
    yield card.target
    yield from _fact("greeting", card.greeting)
    yield from _fact("greeted after", f"{card.greeted_after:.3f} s")
    for layer in card.layers:
        if layer.domain:
            yield from _fact("its name", layer.domain)
            break
    yield from _extensions(card.layers)
    if card.tls is not None:
        yield from _tls(card.tls)
    yield from _mechanisms(card.layers)
    yield from _recipients(card.recipients)
    yield from _limits(card.limits)
    if card.sent:
        yield from _title("MESSAGE")
        yield from _fact("was answered", card.sent)
    yield ""
    yield f"{card.connections} connections in {card.seconds:.1f} s"


def _title(words: str) -> Iterator[str]:
    yield ""
    yield words


def _fact(label: str, text: str) -> Iterator[str]:
    first = f"  {label:<{_LABEL}}"
    if len(label) >= _LABEL:
        yield f"  {label}"
        first = ""
    yield from _wrapped(text or "-", " " * (_LABEL + 2), first)


def _wrapped(text: str, indent: str, first: str = "") -> list[str]:
    return textwrap.wrap(
        harmless(text),  # which makes it longer
        WIDTH,
        initial_indent=first or indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )


# --- extensions ----------------------------------------------------------------------------------


def _layer_name(layer: Layer) -> str:
    return "within TLS" if layer.within_tls else "in the clear"


def _extensions(layers: Iterable[Layer]) -> Iterator[str]:
    told = [layer for layer in layers if not layer.trouble]
    head = "".join(f"{_layer_name(layer):<14}" for layer in told)
    yield from _title(f"{'EXTENSIONS':<22}{'RFC':>4}  {head}")
    there, absent = _parted(told)
    for keyword in there:
        row = EXTENSIONS.get(keyword, UNKNOWN)
        words = "".join(f"{_word(layer.extensions.get(keyword)):<14}" for layer in told)
        yield f"  {_short(keyword):<20}{row.rfc or '':>4}  {words}{row.meaning}"
        yield from _remarks(keyword, told)
    if absent:
        yield from _fact("not there", ", ".join(absent))
    for layer in layers:
        if layer.trouble:
            yield from _fact(_layer_name(layer), layer.trouble)


def _parted(layers: Iterable[Layer]) -> tuple[list[str], list[str]]:
    """The keywords that are there on some layer, and those that are on none."""
    found: dict[str, set[Verdict]] = {}
    for layer in layers:
        for keyword, judged in layer.extensions.items():
            found.setdefault(keyword, set()).add(judged.verdict)
    absent = [keyword for keyword, verdicts in found.items() if verdicts == {Verdict.ABSENT}]
    order = [*EXTENSIONS, *found]
    there = [keyword for keyword in dict.fromkeys(order) if keyword in found]
    return [keyword for keyword in there if keyword not in absent], absent


def _short(keyword: str) -> str:
    return keyword if len(keyword) < 20 else f"{keyword[:16]}..."


def _word(judged: Judged | None) -> str:
    return "-" if judged is None else _SHOWN[judged.verdict]


def _remarks(keyword: str, layers: Iterable[Layer]) -> Iterator[str]:
    """Why something is broken or unproven, said once where it is the same on both layers."""
    notes: dict[str, list[str]] = {}
    for layer in layers:
        judged = layer.extensions.get(keyword)
        if judged is not None and judged.verdict in _REMARKABLE:
            notes.setdefault(judged.note, []).append(_layer_name(layer))
    for note, where in notes.items():
        yield from _wrapped(f"{' and '.join(where)}: {note}", " " * 6)


# --- TLS, log-in ---------------------------------------------------------------------------------


def _tls(tls: Tls) -> Iterator[str]:
    yield from _title("TLS")
    yield from _fact(tls.way, tls.negotiated)
    for accepted in tls.versions:
        yield from _fact(accepted.version, _accepted(accepted))
    if tls.certificate is not None:
        yield from _certificate(tls.certificate)


def _accepted(accepted: Accepted) -> str:
    if accepted.is_accepted is None:
        return f"could not be tried here ({accepted.note})"
    if not accepted.is_accepted:
        return f"refused ({accepted.note})"
    more = "and no other" if accepted.are_all else "and perhaps more"
    return f"accepted: {', '.join(accepted.ciphers)}, {more}"


def _certificate(it: Certificate) -> Iterator[str]:
    yield from _fact("certificate", it.subject)
    yield from _fact("names", ", ".join(it.names))
    yield from _fact("issuer", "itself" if it.is_self_issued else it.issuer)
    ends = f"{it.days_left} days left" if it.days_left >= 0 else f"ended {-it.days_left} days ago"
    yield from _fact("valid", f"{it.not_before[:10]} to {it.not_after[:10]}, {ends}")
    yield from _fact("key", f"{it.key}; signed with {it.signature}")
    yield from _fact("trusted", f"no: {it.trusted}" if it.trusted else "yes")


def _mechanisms(layers: Iterable[Layer]) -> Iterator[str]:
    yield from _title("AUTH")
    for layer in layers:
        if not layer.trouble:
            yield from _fact(_layer_name(layer), " ".join(layer.mechanisms) or "none")


# --- recipients, limits --------------------------------------------------------------------------


def _recipients(recipients: Iterable[Asked]) -> Iterator[str]:
    yield from _title("RECIPIENTS")
    for asked in recipients:
        taken = 200 <= asked.code < 300
        word = "taken" if taken else "refused"
        odd = "" if taken == asked.wished else "(!) "
        yield from _fact(asked.recipient, f"{odd}{word}: {asked.reply}")


def _limits(limits: Iterable[Measured]) -> Iterator[str]:
    yield from _title("LIMITS")
    for it in limits:
        yield from _fact(it.what, f"told {it.told}; {it.found}" if it.told else it.found)
