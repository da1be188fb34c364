"""What a client does in a mailbox: list, fetch, delete, leave."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from harness.errors import PeerError
from harness.protocol.pop3.flow import Flow, ask, insist
from harness.protocol.pop3.responses import Response, Status

_SCAN: Final = re.compile(r"([0-9]{1,9}) +([0-9]{1,12})(?: .*)?")
_UID: Final = re.compile(r"([0-9]{1,9}) +([\x21-\x7e]{1,70}) *")  # RFC 1939 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message in the mailbox."""

    number: int  # in this session
    octets: int
    uid: str | None  # the same in every session; None where the server has no UIDL


def list_mailbox() -> Flow[tuple[Waiting, ...]]:
    """All that waits there, with ids if the server gives some."""
    sizes = (yield from insist("LIST", has_content=True)).content or b""
    uids = yield from _ids()
    return tuple(
        Waiting(number=number, octets=int(octets), uid=uids.get(number))
        for number, octets in _numbered("LIST", sizes, _SCAN)
    )


def _ids() -> Flow[Mapping[int, str]]:
    answer = yield from ask("UIDL", has_content=True)
    if answer.status is not Status.OK:
        return {}
    return dict(_numbered("UIDL", answer.content or b"", _UID))


def _numbered(name: str, content: bytes, form: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    for line in content.decode("utf-8", "replace").split("\r\n")[:-1]:
        match = form.fullmatch(line)
        if match is None:
            raise PeerError(f"{name}: a line of the list is none: {line!r}")
        yield int(match[1]), match[2]


def retrieve(number: int) -> Flow[bytes]:
    """A whole message."""
    return (yield from insist(f"RETR {number}", has_content=True)).content or b""


def delete(number: int) -> Flow[Response]:
    """Mark a message; it goes when we say QUIT."""
    return (yield from insist(f"DELE {number}"))


def leave() -> Flow[Response]:
    """QUIT: only now what was marked is deleted, and the answer tells whether it was."""
    return (yield from insist("QUIT"))
