"""Steps sending flows from libev's callbacks, on plain sockets and inside TLS.

No greenlet is switched for an exchange: the one that asked for a flow sleeps from its first
exchange to its end.
"""

from loadtests.driving.connection import Connection
from loadtests.driving.dialing import Place, dial, look_up
from loadtests.driving.ends import GONE, Lost
from loadtests.driving.familiar import Familiar
from loadtests.driving.own import Own
from loadtests.driving.tunnel import TlsClient

__all__ = [
    "GONE",
    "Connection",
    "Familiar",
    "Lost",
    "Own",
    "Place",
    "TlsClient",
    "dial",
    "look_up",
]
