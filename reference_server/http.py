"""A small HTTP server, for what is told and asked beside mail: metrics, control.

h11 reads and writes the messages; the limits are ours.  It is meant for loopback, where the danger
is a web page in somebody's browser: what a page asks for is refused (see `_is_of_a_page`).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

import h11
import trio

from harness.errors import UsageError
from reference_server.doors.sockets import SocketStream, accept

CONNECTIONS: Final = 32  # at once; who comes then is hung up on
HEAD: Final = 16_384  # octets of a request line with its fields
BODY: Final = 1_048_576  # octets
PATIENCE: Final = 10.0  # seconds for a request to come and its response to be taken

TEXT: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked."""

    method: str
    path: str  # percent-decoded, without the query
    query: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)  # of the header, names in lower case
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What is answered."""

    status: int = 200
    body: bytes = b""
    content_type: str = TEXT
    fields: Mapping[str, str] = field(default_factory=dict)  # beside content type and length


# A UsageError that it raises is answered with 400.
Respond = Callable[[Request], Response | Awaitable[Response]]


class _Refused(Exception):
    """The request is not worth asking anybody; the connection ends with the answer."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


async def serve_http(listener: socket.socket, respond: Respond) -> None:
    """Answer requests on a listening socket, for ever."""
    async with trio.open_nursery() as tasks:

        def welcome(sock: socket.socket, peer: str) -> None:
            if len(tasks.child_tasks) < CONNECTIONS:
                tasks.start_soon(serve_requests, SocketStream(sock), respond)
            else:
                sock.close()

        await accept(listener, welcome)


async def serve_requests(stream: trio.abc.Stream, respond: Respond) -> None:
    """Answer the requests of one client until it leaves, or asks for what is refused."""
    try:
        await _Client(stream, respond).serve()
    except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
        pass  # it went away, or is too slow: there is nobody to tell
    finally:
        await trio.aclose_forcefully(stream)


class _Client:
    def __init__(self, stream: trio.abc.Stream, respond: Respond) -> None:
        self._stream = stream
        self._respond = respond
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD)

    async def serve(self) -> None:
        with trio.fail_after(PATIENCE) as deadline:
            while await self._answer_next():
                self._http.start_next_cycle()
                deadline.deadline = trio.current_time() + PATIENCE

    async def _answer_next(self) -> bool:
        """Answer a request; whether another may follow on this connection."""
        try:
            request = await self._next_request()
        except h11.RemoteProtocolError as error:
            await self._refuse(Response(status=error.error_status_hint, body=_line(str(error))))
            return False
        except _Refused as refused:
            await self._refuse(refused.response)
            return False
        if request is None:
            return False
        await self._send(await _answer(self._respond, request), whole=request.method != "HEAD")
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    async def _next_request(self) -> Request | None:
        head = await self._next_event()
        if not isinstance(head, h11.Request):
            return None  # it has closed the connection
        fields = {name.decode(): value.decode("latin-1") for name, value in head.headers}
        if _is_of_a_page(fields):
            raise _Refused(Response(status=403, body=b"not for web pages\n"))
        body = await self._body()
        try:
            target = urlsplit(head.target.decode("ascii"))
        except ValueError as error:
            raise _Refused(Response(status=400, body=_line(str(error)))) from error
        return Request(
            method=head.method.decode(),
            path=unquote(target.path),
            query=dict(parse_qsl(target.query, keep_blank_values=True)),
            fields=fields,
            body=body,
        )

    async def _body(self) -> bytes:
        if self._http.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=100, headers=[])
            await self._write(go_on)
        body = bytearray()
        while isinstance(event := await self._next_event(), h11.Data):
            body += event.data
            if len(body) > BODY:
                told = f"a body has {BODY:,} octets at most"
                raise _Refused(Response(status=413, body=_line(told)))
        return bytes(body)

    async def _next_event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(bytes(await self._stream.receive_some(65_536)))
        return event

    async def _refuse(self, response: Response) -> None:
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            await self._send(response, whole=True, last=True)

    async def _send(self, response: Response, *, whole: bool, last: bool = False) -> None:
        fields = {
            "Content-Type": response.content_type,
            "Content-Length": str(len(response.body)),
            **response.fields,
            **({"Connection": "close"} if last else {}),
        }
        head = h11.Response(status_code=response.status, headers=list(fields.items()))
        await self._write(head, *([h11.Data(data=response.body)] if whole else []), _END)

    async def _write(self, *events: h11.Event) -> None:
        await self._stream.send_all(b"".join(self._http.send(event) or b"" for event in events))


_END: Final = h11.EndOfMessage()


async def _answer(respond: Respond, request: Request) -> Response:
    try:
        answer = respond(request)
        return answer if isinstance(answer, Response) else await answer
    except UsageError as error:
        return Response(status=400, body=_line(str(error)))


def _is_of_a_page(fields: Mapping[str, str]) -> bool:
    """Whether a web page asks: by its origin, or by a name that it made ours (DNS rebinding)."""
    return "origin" in fields or not _is_address(fields.get("host", ""))


def _is_address(host: str) -> bool:
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        return name == "localhost" or bool(ipaddress.ip_address(name))
    except ValueError:
        return False


def _line(text: str) -> bytes:
    return f"{text}\n".encode()
