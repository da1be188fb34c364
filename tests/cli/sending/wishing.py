"""Wishes as the command line has them when nobody wishes for anything."""

from __future__ import annotations

from harness.cli.send import send
from harness.cli.sending import Wishes


def wishes(**options: object) -> Wishes:
    usual = {
        option.name: () if option.multiple else None
        for option in send.params
        if getattr(option, "multiple", None) is not None
    }
    flags = {option.name: False for option in send.params if getattr(option, "is_flag", False)}
    named = {"target": None, "count": 1, "tls": "auto", "pipelining": "auto", "color": "auto"}
    return Wishes(**{**usual, **flags, **named, **options})  # type: ignore[arg-type]
