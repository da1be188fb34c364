"""LOGIN (draft-murchison-sasl-login): name and password, each behind a prompt."""

from __future__ import annotations

from harness.protocol.sasl.exchange import ClientSteps, Denied, ServerSteps
from harness.protocol.sasl.plain import judge_password, words
from harness.protocol.sasl.sides import ClientSide, Login, ServerSide


def login_client(login: Login, side: ClientSide) -> ClientSteps:
    """The client's end."""
    yield None
    yield login.user.encode()  # whatever the prompts say
    yield login.password.encode()


def login_server(side: ServerSide) -> ServerSteps:
    """The server's end."""
    # Clients in use look for these words, not for those of the draft, which allows them.
    fields = words([(yield b"Username:"), (yield b"Password:")])
    return Denied() if fields is None else judge_password(side, *fields)
