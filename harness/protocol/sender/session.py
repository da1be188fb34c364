"""What comes before MAIL, and behind the last message: greeting, EHLO, STARTTLS, AUTH, QUIT."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from harness.errors import PeerError
from harness.protocol.replies import CHALLENGE, Capabilities, Reply, read_capabilities
from harness.protocol.sasl import (
    ClientSide,
    Login,
    SaslClient,
    choose_mechanism,
    decode64,
    encode64,
    open_client,
)
from harness.protocol.sender.flow import Exchange, Flow, Secure, ask, insist, insisted, line
from harness.protocol.services import Service

MAX_COMMAND = 512  # octets of a command line with its CRLF: RFC 5321 4.5.3.1.4
_GIVE_UP: Final = b"*"  # instead of a response: RFC 4954 4


def open_session(
    name: str,
    *,
    service: Service = Service.SMTP,
    tls: bool = False,
    login: Login | None = None,
    mechanism: str | None = None,
) -> Flow[Capabilities]:
    """From the greeting to where MAIL may be said; `name` is what we call ourselves."""
    yield from greet()
    capabilities = yield from hello(name, service=service)
    if tls:
        capabilities = yield from secure(name, service=service)
    if login is not None:
        yield from log_in(login, capabilities, mechanism)
    return capabilities


def greet() -> Flow[Reply]:
    """Waits for the greeting."""
    return (yield from insist("greeting", b"", 2))


def hello(
    name: str, *, extended: bool = True, service: Service = Service.SMTP
) -> Flow[Capabilities]:
    """EHLO, and HELO where EHLO is refused for good (RFC 5321 3.2); LHLO alone by LMTP."""
    if service is Service.LMTP:
        # RFC 2033 4.1: LHLO takes the place of both.
        return read_capabilities((yield from insist("LHLO", line(f"LHLO {name}"), 2)))
    if extended:
        (answer,) = yield from ask(Exchange(("EHLO",), line(f"EHLO {name}")))
        if answer.code // 100 != 5:
            return read_capabilities(insisted("EHLO", answer, 2))
    answer = yield from insist("HELO", line(f"HELO {name}"), 2)
    return Capabilities(read_capabilities(answer).domain)


def secure(name: str, *, service: Service = Service.SMTP) -> Flow[Capabilities]:
    """STARTTLS, the handshake, and EHLO anew: what was said before it counts no more."""
    yield from insist("STARTTLS", b"STARTTLS\r\n", 2)
    yield Secure()
    return (yield from hello(name, service=service))


def log_in(
    login: Login,
    capabilities: Capabilities,
    mechanism: str | None = None,
    *,
    side: ClientSide | None = None,
) -> Flow[Reply]:
    """AUTH with the mechanism named, or else with the best that both ends know.

    `side` is what we know of the connection, its channel bindings above all.
    """
    side = replace(side or ClientSide(), offered=capabilities.mechanisms)
    chosen = choose_mechanism(side, mechanism)
    client = open_client(chosen, login, side)
    (answer,) = yield from ask(Exchange(("AUTH",), _auth_line(chosen, client)))
    response = b""
    # Who goes on asking when we have given up would go on for ever.
    while answer.code == CHALLENGE and response != _GIVE_UP:
        response = _response(client, answer)
        (answer,) = yield from ask(Exchange(("AUTH",), response + b"\r\n"))
    insisted("AUTH", answer, 2)
    if not client.is_content:
        raise PeerError("the server lets us in without having proven that it knows the password")
    return answer


def quit_() -> Flow[Reply]:
    """QUIT; whatever is answered, the connection is over."""
    (answer,) = yield Exchange(("QUIT",), b"QUIT\r\n")
    return answer


def _auth_line(mechanism: str, client: SaslClient) -> bytes:
    bare = f"AUTH {mechanism}".encode()
    # The whole line may be no longer than other commands; base64 makes four octets of three.
    initial = client.initial(room=(MAX_COMMAND - len(bare) - len(b" \r\n")) // 4 * 3)
    return (
        bare + b"\r\n" if initial is None else bare + b" " + (encode64(initial) or b"=") + b"\r\n"
    )


def _response(client: SaslClient, challenge: Reply) -> bytes:
    octets = decode64(challenge.lines[0].encode())
    response = None if octets is None else client.respond(octets)
    return _GIVE_UP if response is None else encode64(response)
