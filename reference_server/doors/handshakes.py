"""TLS handshakes on the server's side: with a deadline, and told to whoever watches."""

from __future__ import annotations

import ssl

import trio

from reference_server.doors.door import Door
from reference_server.server import Server
from reference_server.watching.visits import Handshake


async def shake_hands(
    server: Server,
    stream: trio.abc.Stream,
    peer: str,
    door: Door,
    *,
    session: str = "",
    tls: ssl.SSLContext | None = None,
) -> trio.SSLStream[trio.abc.Stream]:
    """The stream inside TLS.  Raises trio's errors if the client cannot, or takes too long."""
    tls = tls or server.tls
    assert tls is not None, "TLS is offered where there is a certificate"
    secured = trio.SSLStream(stream, tls, server_side=True)
    version = problem = ""
    try:
        with trio.fail_after(server.patience.handshake):
            await secured.do_handshake()
        version = secured.version() or ""
    except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
        problem = _why(error)
        raise
    except trio.TooSlowError:
        problem = "it took too long"
        raise
    finally:
        if version or problem:
            made = Handshake(
                peer=peer, door=door, session=session, version=version, problem=problem
            )
            for watcher in server.watchers:
                watcher.shaken(made)
    return secured


def _why(error: Exception) -> str:
    """OpenSSL's word for what went wrong, which holds nothing that the client said."""
    cause = error.__cause__
    if isinstance(cause, ssl.SSLError) and cause.reason:
        return cause.reason.lower().replace("_", " ")
    return "the client left"
