"""The mix: which share of the users behaves how."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from harness.documents import Complaints, Fields, MappingNode, Node, TextNode
from loadtests.profile.behaviours import BEHAVIOURS
from loadtests.profile.manners import Keys, read_manners
from loadtests.profile.quantities import SHARE
from loadtests.profile.values import Behaviour

_NEAR: Final = 0.001  # thirds have no per cents of their own
_PLAIN: Final = Behaviour(name="")


def read_behaviours(keys: Keys) -> tuple[Behaviour, ...]:
    """The behaviours of a profile: what it says at its top holds for all of a mix.

    It stands above our own defaults and below what the mix says of one behaviour.
    """
    mix = keys.fields.take("mix")
    entries = Fields(mix, keys.complaints, "'mix'").rest() if mix is not None else []
    if mix is None or not entries:
        if isinstance(mix, MappingNode):
            keys.complaints.add(mix.at, "'mix' names no behaviour", "such as {bulk: 100%}")
        return (read_manners(keys, _PLAIN),)
    behaviours = [_entry(keys, name, node) for name, node in entries]
    whole = math.fsum(each.share for each in behaviours)
    # Who wrote a share that cannot be read knows already.
    if all(each.share for each in behaviours) and abs(whole - 1.0) > _NEAR:
        keys.complaints.add(
            mix.at, f"the shares of 'mix' must add up to 100%: they are {whole * 100:.6g}%"
        )
    return tuple(replace(each, share=each.share / (whole or 1.0)) for each in behaviours)


def _entry(keys: Keys, name: TextNode, node: Node) -> Behaviour:
    """One behaviour: `bulk: 60%`, or `web-mail: {share: 20%, think: 2s..10s}`."""
    if isinstance(node, TextNode):
        share = SHARE.number(node, name.value, keys.complaints)
        manners = read_manners(keys, _like(name, keys.complaints))
        return replace(manners, name=name.value, share=share or 0.0)
    with Fields(node, keys.complaints, repr(name.value)) as fields:
        written = fields.node("share") if fields.require("share") else None
        share = SHARE.number(written, "share", keys.complaints) if written else None
        like = _like(fields.node("like") or name, keys.complaints)
        manners = read_manners(Keys(fields, keys.folder), read_manners(keys, like))
    return replace(manners, name=name.value, share=share or 0.0)


def _like(name: TextNode, complaints: Complaints) -> Behaviour:
    if name.value in BEHAVIOURS:
        return BEHAVIOURS[name.value]
    complaints.unknown(name.at, "behaviour", name.value, BEHAVIOURS)
    return _PLAIN
