"""TLS under the same flows: a real server's end, with certificates that are made for it."""

from __future__ import annotations

import gc
import random
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gevent
import gevent.socket
import gevent.ssl
import pytest
import trustme

from harness.certificates import client_context
from harness.errors import PeerClosed, PeerSilent, TlsFailed, Untrusted
from harness.protocol.sender import Exchange, PausingFlow, Secure
from loadtests.driving import Lost, TlsClient
from loadtests.driving.tunnel import Tunnel
from tests.loadtests.driving.stage import GREETING, HELLO, MAIL, Stage, ask, stage

Talk = Callable[[Any, Any], None]  # the socket, and what is spoken inside TLS on it
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
NAME = "mx.example.test"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server(authority: trustme.CA) -> Any:
    context = gevent.ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME).configure_cert(context)
    return context


@pytest.fixture
def client(authority: trustme.CA) -> ssl.SSLContext:
    context = client_context()
    authority.configure_trust(context)
    return context


def secured(*exchanges: Exchange, first: tuple[Exchange, ...] = ()) -> PausingFlow[list[int]]:
    codes = yield from ask(*first)
    assert (yield Secure()) == ()
    return codes + (yield from ask(*exchanges))


@contextmanager
def meeting(
    tls: TlsClient | None,
    play: Callable[[Any], None],
    patience: float = 5.0,
    pace: float | None = None,
) -> Iterator[Stage]:
    """A connection of ours with a peer that plays the server, to the end."""
    with stage(patience, whole=True, tls=tls, pace=pace) as made:
        made.play(play)
        yield made


def inside(server: Any, *answers: bytes, clear: bytes = b"", reads: int = 10_000) -> Any:
    """Plays a server: what it says in the clear, then inside TLS, an answer after each read."""

    def play(peer: Any) -> None:
        if clear:
            peer.sendall(clear)
            assert peer.recv(1_000) == b"STARTTLS\r\n"
            peer.sendall(b"220 go\r\n250 injected\r\n")
        with server.wrap_socket(peer, server_side=True) as tls:
            tls.sendall(answers[0])
            for answer in answers[1:]:
                assert tls.recv(reads)
                tls.sendall(answer)
            assert tls.recv(1) == b""  # our farewell, not a cut

    return play


STARTTLS = Exchange(("STARTTLS",), b"STARTTLS\r\n")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_flow_goes_on_inside_tls(client: ssl.SSLContext, server: Any, version: ssl.TLSVersion):
    client.maximum_version = version
    tls = TlsClient(client, server_name=NAME)
    with meeting(tls, inside(server, b"220 hi\r\n", b"250 hello\r\n")) as on:
        assert on.connection.run(secured(GREETING, HELLO)) == [220, 250]

    assert on.seen == [(("TLS",), ()), (("greeting",), (220,)), (("EHLO",), (250,))]
    assert not on.connection.is_resumed


def test_what_stood_in_the_clear_behind_starttls_counts_no_more(
    client: ssl.SSLContext, server: Any
):
    tls = TlsClient(client, server_name=NAME)
    play = inside(server, b"", b"250 hello\r\n", clear=b"220 hi\r\n")
    with meeting(tls, play) as on:
        flow = secured(HELLO, first=(GREETING, STARTTLS))

        assert on.connection.run(flow) == [220, 220, 250]


def test_a_large_text_goes_through_as_the_peer_reads_it(client: ssl.SSLContext, server: Any):
    text = bytes(range(256)) * 20_000
    heard: list[bytes] = []

    def play(peer: Any) -> None:
        with server.wrap_socket(peer, server_side=True) as tls:
            while sum(map(len, heard)) < len(text) and (octets := tls.recv(50_000)):
                heard.append(octets)
            tls.sendall(b"250 ok\r\n")
            tls.recv(1)

    with meeting(TlsClient(client, server_name=NAME), play) as on:
        assert on.connection.run(secured(Exchange(("message",), text))) == [250]

    assert b"".join(heard) == text


@pytest.mark.parametrize("version", VERSIONS)
def test_a_slow_talker_is_slow_inside_tls_too(
    client: ssl.SSLContext, server: Any, version: ssl.TLSVersion
):
    client.maximum_version = version
    tls = TlsClient(client, server_name=NAME)
    with meeting(tls, inside(server, b"", b"250 hello\r\n", b"250 ok\r\n"), pace=20_000) as on:
        # Our Finished is still being said when the first command comes behind it.
        assert on.connection.run(secured(HELLO, MAIL)) == [250, 250]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("share", "resumed"), [(0.0, [False] * 4), (1.0, [False] + [True] * 3)])
def test_a_share_of_connections_resumes_a_session(
    client: ssl.SSLContext, server: Any, share: float, resumed: list[bool],
    version: ssl.TLSVersion,
):  # fmt: skip
    client.maximum_version = version
    tls = TlsClient(client, server_name=NAME, resume=share, source=random.Random(1))
    met: list[bool] = []
    for _ in resumed:
        with meeting(tls, inside(server, b"220 hi\r\n")) as on:
            on.connection.run(secured(GREETING))
            met.append(on.connection.is_resumed)

    assert met == resumed


def fails(tls: TlsClient | None, play: Callable[[Any], None], patience: float = 5.0) -> Lost:
    with meeting(tls, play, patience) as on, pytest.raises(Lost) as caught:
        on.connection.run(secured(GREETING))
    assert caught.value.stage == "TLS"
    return caught.value


def shake_hands(server: Any) -> Callable[[Any], None]:
    def play(peer: Any) -> None:
        with pytest.raises((OSError, ssl.SSLError)):
            server.wrap_socket(peer, server_side=True).recv(1)
        gc.collect()

    return play


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(server: Any):
    failed = fails(TlsClient(client_context(), server_name=NAME), shake_hands(server))

    assert isinstance(failed.cause, Untrusted)
    assert str(failed) == (
        "TLS: the certificate is not trusted: unable to get local issuer certificate"
    )


def test_a_certificate_of_another_host_is_not_trusted(client: ssl.SSLContext, server: Any):
    failed = fails(TlsClient(client, server_name="other.test"), shake_hands(server))

    assert isinstance(failed.cause, Untrusted)


def test_an_answer_that_is_no_tls_fails_the_handshake(client: ssl.SSLContext):
    failed = fails(
        TlsClient(client, server_name=NAME), lambda peer: peer.sendall(b"454 not now\r\n")
    )

    assert isinstance(failed.cause, TlsFailed)


def test_a_server_that_leaves_in_the_handshake_is_lost(client: ssl.SSLContext):
    failed = fails(TlsClient(client, server_name=NAME), lambda peer: peer.close())

    assert isinstance(failed.cause, PeerClosed)


def test_a_server_that_is_silent_in_the_handshake_is_given_up(client: ssl.SSLContext):
    failed = fails(TlsClient(client, server_name=NAME), lambda peer: None, patience=0.05)

    assert isinstance(failed.cause, PeerSilent)


def test_who_was_not_told_how_cannot_do_a_handshake():
    failed = fails(None, lambda peer: None)

    assert isinstance(failed.cause, TlsFailed)


@pytest.mark.parametrize("politely", [True, False])
def test_a_server_that_leaves_inside_tls_is_lost(
    client: ssl.SSLContext, server: Any, politely: bool
):
    def play(peer: Any) -> None:
        tls = server.wrap_socket(peer, server_side=True)
        tls.sendall(b"220 hi\r\n")
        tls.recv(1_000)
        if politely:
            tls.unwrap().close()
        else:
            tls.close()

    with (
        meeting(TlsClient(client, server_name=NAME), play) as on,
        pytest.raises(Lost, match="MAIL: closed"),
    ):
        on.connection.run(secured(GREETING, MAIL))


def test_octets_that_are_no_record_lose_the_connection(client: ssl.SSLContext, server: Any):
    def play(peer: Any) -> None:
        raw = gevent.socket.socket(fileno=peer.dup().detach())
        tls = server.wrap_socket(peer, server_side=True)
        tls.sendall(b"220 hi\r\n")
        tls.recv(1_000)
        raw.sendall(b"250 in the clear\r\n")
        raw.close()
        tls.close()

    with (
        meeting(TlsClient(client, server_name=NAME), play) as on,
        pytest.raises(Lost, match="MAIL") as caught,
    ):
        on.connection.run(secured(GREETING, MAIL))

    assert isinstance(caught.value.cause, TlsFailed)


class Keeping(TlsClient):
    """One that knows its last tunnel."""

    tunnel: Tunnel

    def begin(self) -> Tunnel:
        self.tunnel = super().begin()
        return self.tunnel


def test_a_tunnel_where_nothing_can_be_said_any_more_loses_the_connection(
    client: ssl.SSLContext, server: Any
):
    tls = Keeping(client, server_name=NAME)

    def play(peer: Any) -> None:
        with server.wrap_socket(peer, server_side=True) as inside:
            inside.sendall(b"220 hi\r\n")
            inside.recv(1)

    with meeting(tls, play) as on:
        assert on.connection.run(secured(GREETING)) == [220]
        tls.tunnel.bid_farewell()
        with pytest.raises(Lost, match="EHLO: protocol is shutdown") as caught:
            on.connection.run(ask(HELLO))
        on.peer.close()

    assert isinstance(caught.value.cause, TlsFailed)
