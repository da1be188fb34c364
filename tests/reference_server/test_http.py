from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from harness.errors import UsageError
from reference_server.doors.sockets import listen
from reference_server.http import (
    BODY,
    CONNECTIONS,
    HEAD,
    PATIENCE,
    Request,
    Response,
    serve_http,
    serve_requests,
)

HOST = b"Host: 127.0.0.1:1\r\n"


def echo(request: Request) -> Response:
    if request.path == "/wrong":
        raise UsageError("no such thing")
    told = f"{request.method} {request.path} {dict(request.query)} ".encode()
    return Response(body=told + request.body, fields={"X-Told": "yes"})


async def talk(*pieces: bytes, respond=echo) -> bytes:
    """All that is answered to these pieces, sent one by one, until the other end hangs up."""
    ours, theirs = trio.testing.memory_stream_pair()
    answered = b""
    async with trio.open_nursery() as tasks:
        tasks.start_soon(serve_requests, theirs, respond)

        async def send() -> None:
            for piece in pieces:
                with trio.move_on_after(1_000):
                    await ours.send_all(piece)
            await ours.send_eof()

        tasks.start_soon(send)
        while octets := await ours.receive_some(65_536):
            answered += bytes(octets)
    return answered


WHOLE = (
    b"POST /a%20b?x=1&y= HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\n\r\nbody"
    b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
)


@pytest.mark.parametrize("cut", range(len(WHOLE) + 1))
async def test_requests_are_answered_in_order_wherever_they_are_cut(cut):
    answered = await talk(WHOLE[:cut], WHOLE[cut:])
    first, second = answered.split(b"HTTP/1.1 200 ")[1:]
    assert first.endswith(b"\r\n\r\nPOST /a b {'x': '1', 'y': ''} body")
    assert b"X-Told: yes\r\n" in first
    assert second.endswith(b"\r\n\r\nGET / {} ")


REFUSED = {
    "no HTTP": (b"EHLO there\r\n\r\n", b"400"),
    "no target": (b"GET http://[ HTTP/1.1\r\n" + HOST + b"\r\n", b"400"),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", b"400"),
    "a name that somebody made ours": (b"GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n", b"403"),
    "a web page": (b"POST / HTTP/1.1\r\n" + HOST + b"Origin: http://evil.test\r\n\r\n", b"403"),
    "a head without end": (b"GET / HTTP/1.1\r\nX: " + b"x" * HEAD, b"431"),
    "a body too large": (
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 9999999\r\n\r\n" + b"x" * (BODY + 1),
        b"413",
    ),
    "wrong use": (b"GET /wrong HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", b"400"),
}


@pytest.mark.parametrize(("sent", "code"), REFUSED.values(), ids=REFUSED)
async def test_what_is_refused_is_told_and_ends_the_connection(sent, code):
    answered = await talk(sent)
    assert answered.startswith(b"HTTP/1.1 " + code)
    assert b"connection: close" in answered.lower()


@pytest.mark.parametrize("host", [b"localhost:9", b"[::1]:9", b"::1", b"192.0.2.1"])
async def test_a_host_that_is_an_address_is_ours(host):
    told = await talk(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 200") is (host != b"::1")  # IPv6 stands in brackets


async def test_head_has_the_length_but_no_body():
    told = await talk(b"HEAD /x HTTP/1.1\r\n" + HOST + b"\r\n")
    assert b"Content-Length: 11\r\n" in told
    assert told.endswith(b"\r\n\r\n")


async def test_who_waits_to_be_told_to_go_on_is_told():
    told = await talk(
        b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n", b"ok"
    )
    assert told.startswith(b"HTTP/1.1 100 \r\n\r\nHTTP/1.1 200 ")


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nContent-"])
async def test_who_is_slow_is_hung_up_on(autojump_clock, sent):
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as tasks:
        tasks.start_soon(serve_requests, theirs, echo)
        await ours.send_all(sent)
        assert await ours.receive_some() == b""
    assert trio.current_time() == pytest.approx(PATIENCE)


@asynccontextmanager
async def serving():
    with listen("127.0.0.1", 0) as listener:
        async with trio.open_nursery() as tasks:
            tasks.start_soon(serve_http, listener, echo)
            yield listener.getsockname()
            tasks.cancel_scope.cancel()


async def test_it_is_served_on_a_socket_and_no_more_clients_than_it_can_hold():
    async with serving() as (host, port):
        held = [await trio.open_tcp_stream(host, port) for _ in range(CONNECTIONS)]
        for stream in held:
            await stream.send_all(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 200")
        async with await trio.open_tcp_stream(host, port) as one_too_many:
            assert await one_too_many.receive_some() == b""
        for stream in held:
            await stream.aclose()
