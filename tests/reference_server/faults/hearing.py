"""All that is said to a client, within virtual time."""

import trio
import trio.testing


async def everything(client) -> bytes:
    """What is still said until the server hangs up."""
    said = b""
    while octets := await client.stream.receive_some(65_536):
        said += bytes(octets)
    return said


async def said_to(client, octets, *, seconds=1e-6) -> bytes:
    """What is said in answer, within virtual time."""
    await client.stream.send_all(octets)
    said = b""
    with trio.move_on_after(seconds):
        while more := await client.stream.receive_some(65_536):
            said += bytes(more)
    return said
