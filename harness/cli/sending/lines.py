"""Lines of the user's own, and the stages that they are said behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from harness.client import Stage
from harness.documents import nearest
from harness.errors import UsageError
from harness.visible import octets_of

# What other tools call our stages.
_ALSO: Final[Mapping[str, Stage]] = {
    "banner": Stage.GREETING,
    "ehlo": Stage.HELLO,
    "helo": Stage.HELLO,
    "lhlo": Stage.HELLO,
    "starttls": Stage.TLS,
    "from": Stage.MAIL,
    "to": Stage.RCPT,
    "dot": Stage.MESSAGE,
}
_NAMES: Final[Mapping[str, Stage]] = {**{stage.value: stage for stage in Stage}, **_ALSO}

# Before the greeting and behind 354 nothing answers a line, and behind QUIT nobody listens.
SPEAKING = frozenset(Stage) - {Stage.CONNECT, Stage.DATA, Stage.QUIT}
# QUIT behind 354 would be text.
STOPPING = frozenset(Stage) - {Stage.CONNECT, Stage.DATA}
DROPPING = frozenset(Stage)
# Stages that a pipelined write ends together.
GROUPED = frozenset({Stage.MAIL, Stage.RCPT, Stage.DATA})


def read_stage(word: str, option: str, allowed: frozenset[Stage]) -> Stage:
    """The stage that is named; raises UsageError."""
    stage = _NAMES.get(word.casefold())
    if stage in allowed:
        return stage
    known = ", ".join(stage for stage in Stage if stage in allowed)
    if stage is not None:
        raise UsageError(f"{option}: not after {stage}; there are: {known}")
    hint = nearest(word, list(_NAMES)) or f"there are: {known}"
    raise UsageError(f"{option}: there is no stage {word!r} ({hint})")


def read_lines(texts: Sequence[str]) -> Mapping[Stage, Sequence[bytes]]:
    """The octets to be said behind each stage, from `after-hello:XCLIENT ...`."""
    lines: dict[Stage, list[bytes]] = {}
    for text in texts:
        where, colon, line = text.partition(":")
        if not colon:
            raise UsageError(f"--line: after-STAGE:LINE, not {text!r}")
        stage = read_stage(where.removeprefix("after-"), "--line", SPEAKING)
        lines.setdefault(stage, []).append(octets_of(line) + b"\r\n")
    return lines
