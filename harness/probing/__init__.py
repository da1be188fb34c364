"""Finding out what a server is, does and bears: what `init` asks, and the card of `probe`."""

from harness.probing.acquaintance import FOREIGN, Findings, get_acquainted
from harness.probing.card import Card, Judged, Layer, Measured, Verdict
from harness.probing.survey import Depth, survey

__all__ = [
    "FOREIGN",
    "Card",
    "Depth",
    "Findings",
    "Judged",
    "Layer",
    "Measured",
    "Verdict",
    "get_acquainted",
    "survey",
]
