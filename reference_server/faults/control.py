"""The control port: the table of faults is read and changed over HTTP while the server runs.

Loopback alone, and no secrets: `reference_server.http` refuses web pages, and nothing that is told
here is one (what users log in with is not kept).  docs/faults.md shows each request with curl.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from harness.errors import UsageError
from harness.protocol.replies import number
from reference_server.faults.faults import Faults
from reference_server.faults.model import Row, Written
from reference_server.faults.reading import parse_table
from reference_server.faults.received import Received, ReceivedMessage
from reference_server.http import Request, Respond, Response

JSON: Final = "application/json"

_HELP: Final = b"""\
GET /faults             the table that is in force
PUT /faults             another one, in YAML or JSON
POST /faults            more rows, or one
DELETE /faults          none any more
DELETE /faults/NAME     all but this one
GET /messages           what was received: envelopes and sizes
GET /messages/NUMBER    a message as it came
DELETE /messages        forget them
GET /counters           how often each fault could have happened, and did
DELETE /counters        begin to count anew
"""


class _NoSuchThing(Exception):
    """What the path names is not there."""


def make_respond(faults: Faults) -> Respond:
    """What answers the requests about these faults."""
    received = faults.received if faults.received is not None else Received()

    def respond(request: Request) -> Response:
        thing, _, name = request.path.strip("/").partition("/")
        acts = _ACTS.get((thing, bool(name)))
        if acts is None:
            return _told(f"there is no {request.path}", status=404)
        act = acts.get(request.method)
        if act is None:
            allowed = ", ".join(acts)
            words = f"{request.method} {request.path}: there are {allowed}"
            return _told(words, status=405, fields={"Allow": allowed})
        try:
            return act(_Asked(faults, received, name, request.body))
        except _NoSuchThing as error:
            return _told(str(error), status=404)

    return respond


class _Asked:
    """One request, with what it is about."""

    def __init__(self, faults: Faults, received: Received, name: str, body: bytes) -> None:
        self.faults = faults
        self.received = received
        self.name = name
        self._body = body

    @property
    def text(self) -> str:
        """The body; raises UsageError if it is no text."""
        try:
            return self._body.decode()
        except UnicodeDecodeError as error:
            raise UsageError(f"not UTF-8: octet {error.start}") from None


Act = Callable[[_Asked], Response]


def _help(asked: _Asked) -> Response:
    return Response(body=_HELP)


# --- faults --------------------------------------------------------------------------------------


def _show(asked: _Asked) -> Response:
    table = asked.faults.table
    return _json({"seed": table.seed, "faults": list(map(_as_written, table.rows))})


def _replace(asked: _Asked) -> Response:
    asked.faults.replace(parse_table(asked.text))
    return _show(asked)


def _add(asked: _Asked) -> Response:
    rows = asked.faults.add(parse_table(asked.text))
    return _json({"added": [row.name for row in rows]}, status=201)


def _remove_all(asked: _Asked) -> Response:
    asked.faults.clear()
    return _show(asked)


def _remove(asked: _Asked) -> Response:
    try:
        asked.faults.remove(asked.name)
    except UsageError as error:
        raise _NoSuchThing(str(error)) from None
    return _show(asked)


def _as_written(row: Row) -> Mapping[str, Written]:
    return {"name": row.name, **row.written}


# --- messages ------------------------------------------------------------------------------------


def _list(asked: _Asked) -> Response:
    messages = list(map(_envelope, asked.received))
    return _json({"received": asked.received.total, "messages": messages})


def _message(asked: _Asked) -> Response:
    found = asked.received.find(wanted) if (wanted := number(asked.name)) is not None else None
    if found is None:
        raise _NoSuchThing(f"there is no message {asked.name!r} (any more)")
    return Response(body=found.content, content_type="message/rfc822")


def _forget(asked: _Asked) -> Response:
    asked.received.clear()
    return _list(asked)


def _envelope(message: ReceivedMessage) -> Mapping[str, object]:
    return {
        "number": message.number,
        "client": message.client,
        "hello": message.hello,
        "user": message.user,
        "sender": message.sender,
        "recipients": message.recipients,
        "size": len(message.content),
    }


# --- counters ------------------------------------------------------------------------------------


def _count(asked: _Asked) -> Response:
    faults = asked.faults
    tallies = {row.name: faults.counters.of(row) for row in faults.table.rows}
    return _json(
        {
            "stages": {stage.value: count for stage, count in faults.stages.items()},
            "faults": {
                name: {"met": tally.met, "done": tally.done} for name, tally in tallies.items()
            },
            "messages": asked.received.total,
        }
    )


def _begin_anew(asked: _Asked) -> Response:
    asked.faults.begin_anew()
    return _count(asked)


def _json(value: object, *, status: int = 200) -> Response:
    body = f"{json.dumps(value, indent=2)}\n".encode()
    return Response(status=status, body=body, content_type=JSON)


def _told(words: str, *, status: int, fields: Mapping[str, str] | None = None) -> Response:
    return Response(status=status, body=f"{words}\n".encode(), fields=fields or {})


# (what the path names, whether one of them) -> method -> what is done
_ACTS: Final[Mapping[tuple[str, bool], Mapping[str, Act]]] = {
    ("", False): {"GET": _help},
    ("faults", False): {"GET": _show, "PUT": _replace, "POST": _add, "DELETE": _remove_all},
    ("faults", True): {"DELETE": _remove},
    ("messages", False): {"GET": _list, "DELETE": _forget},
    ("messages", True): {"GET": _message},
    ("counters", False): {"GET": _count, "DELETE": _begin_anew},
}
