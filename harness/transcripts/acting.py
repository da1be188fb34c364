"""Actions: `* starttls`, `* connect again`, and what is indented below them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.documents import read_duration
from harness.protocol.sasl import Spoil
from harness.transcripts.branching import ReadSteps
from harness.transcripts.dialogue import Setting, Utterance
from harness.transcripts.forms import Form, Found, form, read_form, read_modifiers
from harness.transcripts.steps import (
    Accept,
    Auth,
    CloseNotify,
    Connect,
    HalfClose,
    Repeat,
    Reset,
    Sasl,
    SaslVerified,
    SendFile,
    Start,
    StartTls,
    Step,
    Tls,
    Wait,
)
from harness.transcripts.templates import NAME, Names, literal, read_text
from harness.transcripts.wants import Variable

_SPOILS = "|".join(Spoil)

LISTENERS = ("smtp", "lmtp", "submission", "submissions", "smtps")  # what `over` picks


@dataclass(frozen=True, slots=True)
class Action:
    """One action: the step it makes, how it is written, what may stand below it."""

    make: Callable[..., Step]
    form: Form
    modifiers: tuple[Form, ...] = ()
    takes_connection: bool = True  # `*(NAME) tls`
    for_client: bool = True  # where the harness is the client of the connection
    for_server: bool = True  # where it is the server
    has_steps: bool = False  # `* repeat`


def read_action(
    utterance: Utterance, setting: Setting, steps: ReadSteps, *, serves: bool
) -> Step | None:
    """The step of a `*` line; `serves` if the harness is the server of its connection."""
    complaints = setting.complaints
    forms = [action.form for action in ACTIONS]
    found = read_form(utterance.text, utterance.text_at, "action", forms, setting)
    if found is None:
        return None
    used, meaning = found
    action = next(action for action in ACTIONS if action.form is used)
    if not (action.for_server if serves else action.for_client):
        side = "server" if serves else "client"
        complaints.add(utterance.at, f"`* {used.usage}` where the harness is the {side}",
                       "it is for the other side")  # fmt: skip
    more = dict(meaning)
    if serves and "by" in more:
        complaints.add(utterance.at, "only a server says how often", "write a number")
    if action.takes_connection:
        more["connection"] = utterance.connection
    elif utterance.connection:
        complaints.add(utterance.at, f"`* {used.usage}` is not done on a connection",
                       f"write it without ({utterance.connection})")  # fmt: skip
    if action.has_steps:
        more["steps"] = steps(utterance.below)
        _refuse_empty(utterance, setting)
    else:
        more |= read_modifiers(utterance.below, action.modifiers, setting)
    return action.make(at=utterance.at, **more)


def _refuse_empty(utterance: Utterance, setting: Setting) -> None:
    if not utterance.below:
        setting.complaints.add(utterance.at, "nothing to repeat", "indent the steps below it")


def _nothing(found: Found) -> Mapping[str, Any]:
    return {}


def _mechanism(found: Found) -> Mapping[str, Any]:
    return {"mechanism": found[1].upper()}


def _start(found: Found) -> Mapping[str, Any]:
    words = [start.value for start in Start]
    if found[1] not in words:
        found.setting.complaints.unknown(found.place(1), "start", found[1], words)
        return {}
    return {"start": Start(found[1])}


def _over(found: Found) -> Mapping[str, Any]:
    if found[1] not in LISTENERS:
        found.setting.complaints.unknown(found.place(1), "listener", found[1], LISTENERS)
        return {}
    return {"over": found[1]}


def _after(found: Found) -> Mapping[str, Any]:
    """A duration that the target may know: `after {greylist}`."""
    template = read_text(found[1], found.place(1), Names(), found.setting.complaints)
    if not any(template.variables) and read_duration(found[1]) is None:
        found.duration(1)
        return {"after": literal(b"0s")}
    return {"after": template}


def _times(found: Found) -> Mapping[str, Any]:
    """A number, or a variable that the target says."""
    match = re.fullmatch(rf"\{{({NAME})\}}", found[1])
    if match is None:
        return {"count": found.number(1)}
    return {"count": 1, "by": Variable(match[1], found.place(1))}


def _file(found: Found) -> Mapping[str, Any]:
    path = found.setting.folder / found[1]
    if Path(found[1]).is_absolute() or ".." in Path(found[1]).parts:
        # A suite of a stranger's may not mail out what else lies on this machine.
        found.setting.complaints.add(
            found.place(1), f"{found[1]!r} leads away from the suite", "put the file beside it"
        )
    elif not path.is_file():
        found.setting.complaints.add(found.place(1), f"no file {found[1]!r} beside the suite")
    return {"path": str(path)}


ACTIONS: tuple[Action, ...] = (
    Action(StartTls, form("starttls", "starttls", _nothing)),
    Action(
        Tls,
        form("tls", "tls", _nothing),
        (
            form("or close", "or close", lambda _: {"or_close": True}),
            form("or fails", "or fails", lambda _: {"or_fails": True}),
            form("named HOST", r"named (\S+)", lambda it: {"named": it[1]}),
            form("unnamed", "unnamed", lambda _: {"named": ""}),
            form("fails", "fails", lambda _: {"fails": True}),
            form("unanswered", "unanswered", lambda _: {"unanswered": True}),
            form("only 1.2", r"only (1\.[0-3])", lambda it: {"only": it[1]}),
        ),
    ),
    Action(Auth, form("auth MECHANISM", r"auth (\S+)", _mechanism), for_server=False),
    Action(SaslVerified, form("sasl verified", "sasl verified", _nothing), for_server=False),
    Action(
        Sasl,
        form("sasl MECHANISM", r"sasl (\S+)", _mechanism),
        (
            form("password wrong|empty", "password (wrong|empty)",
                 lambda it: {"password": it[1]}),
            form(f"spoil {_SPOILS}", f"spoil ({_SPOILS})", lambda it: {"spoil": it[1]}),
        ),
        for_server=False,
    ),
    Action(
        Connect,
        form("connect NAME", rf"connect ({NAME})", lambda it: {"name": it[1]}),
        (
            form("start mail", r"start (\S+)", _start),
            form("over lmtp", r"over (\S+)", _over),
            form("after 2s", r"after (\S+)", _after),
        ),
        takes_connection=False,
        for_server=False,
    ),
    Action(
        Accept,
        form("accept NAME", rf"accept ({NAME})", lambda it: {"name": it[1]}),
        (
            form("within 60s", r"within (\S+)", lambda it: {"within": it.duration(1)}),
            form("not before 5s", r"not before (\S+)", lambda it: {"not_before": it.duration(1)}),
        ),
        takes_connection=False,
    ),
    Action(
        Repeat,
        form("repeat 100 as n", rf"repeat (\S+)(?: as ({NAME}))?",
             lambda it: {**_times(it), "name": it[2] or None}),
        takes_connection=False,
        has_steps=True,
    ),
    Action(SendFile, form("send FILE", r"send (\S+)", _file), for_server=False),
    Action(Wait, form("wait 1s", r"wait (\S+)", lambda it: {"seconds": it.duration(1)}),
           takes_connection=False),
    Action(HalfClose, form("half-close", "half-close", _nothing)),
    Action(CloseNotify, form("close-notify", "close-notify", _nothing), for_server=False),
    Action(Reset, form("reset", "reset", _nothing)),
)  # fmt: skip


def names_connection(utterance: Utterance) -> str | None:
    """The connection that an action opens, or None."""
    match = re.fullmatch(rf"(?:connect|accept) ({NAME})", utterance.text)
    return match[1] if match and utterance.mark == "*" else None
