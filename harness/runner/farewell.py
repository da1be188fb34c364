"""The end of a connection: QUIT and exactly one 221, with nothing before it and nothing after.

So every case counts replies: a command that was hidden in its octets and run is found out here.
"""

from __future__ import annotations

from harness.documents import Place
from harness.errors import PeerError
from harness.protocol.replies import CHALLENGE, GO_AHEAD, Reply
from harness.runner.connection import GRACE, Connection
from harness.runner.endings import Trouble
from harness.runner.hearing import Ear, ending, surprise_at
from harness.transcripts.matching import Heard, describe, spelled
from harness.transcripts.wants import Want
from harness.wire import Piece

_QUIT = b"QUIT\r\n"
_BYE = Want(("221",))
_WANTED = "221 to the QUIT that ends every connection, and nothing before it"

# A server that is in the middle of these takes QUIT for text.
_OPEN = {GO_AHEAD: "a text", CHALLENGE: "an AUTH exchange"}


async def say_goodbye(connection: Connection, ear: Ear, at: Place) -> None:
    """End a connection that is still open; `at` is the line to name if that goes wrong."""
    if connection.is_over or connection.is_half_closed:
        return
    if not connection.has_quit:
        await _quit(connection, ear, at)
    # Whoever hangs up at once is done at once; one who does not is another case's business.
    await connection.wire.silence(GRACE)
    if connection.wire.has_more:
        heard = await connection.hear(GRACE)
        raise ending(
            connection,
            surprise_at(at, "nothing after the 221", _too_many(connection, heard)),
            heard,
        )


async def _quit(connection: Connection, ear: Ear, at: Place) -> None:
    if connection.wire.code in _OPEN:
        within = _OPEN[connection.wire.code]
        raise Trouble(f"the dialogue ends within {within}: end that, or say `end: drop`")
    try:
        await connection.send([Piece(_QUIT)])
    except PeerError as error:
        raise Trouble(f"QUIT: {error}") from error
    heard, _ = await ear.next(connection, _BYE)
    if isinstance(heard, Reply) and heard.code == 221:
        return
    met = _too_many(connection, heard) if isinstance(heard, Reply) else describe(heard)
    raise ending(connection, surprise_at(at, _WANTED, met), heard)


def _too_many(connection: Connection, heard: Heard) -> str:
    if isinstance(heard, Reply):
        return f"one reply too many: {describe(heard)}"
    return f"octets that are no reply: {spelled(connection.wire.left)}"
