"""SASL (RFC 4422): mechanisms as generators, a file each, both ends; one table names them all.

A mechanism is told challenges (or responses) and yields responses (or challenges), so one with
many steps reads from top to bottom.  Octets are decoded here; base64 belongs to `Attempt`, which
SMTP and POP3 share.
"""

from harness.protocol.sasl.attempt import Attempt, Challenge, Judging, Outcome, Spoilt
from harness.protocol.sasl.encoding import decode64, encode64
from harness.protocol.sasl.exchange import Denied, Granted, SaslClient, SaslServer
from harness.protocol.sasl.mechanisms import (
    MECHANISMS,
    Mechanism,
    best_mechanism,
    choose_mechanism,
    offered_mechanisms,
    open_client,
    open_server,
)
from harness.protocol.sasl.plain import judge_password
from harness.protocol.sasl.preparing import prepare
from harness.protocol.sasl.scram_keys import ScramKeys, derive_keys
from harness.protocol.sasl.sides import Ability, ClientSide, Credentials, Login, ServerSide, Spoil

__all__ = [
    "MECHANISMS",
    "Ability",
    "Attempt",
    "Challenge",
    "ClientSide",
    "Credentials",
    "Denied",
    "Granted",
    "Judging",
    "Login",
    "Mechanism",
    "Outcome",
    "SaslClient",
    "SaslServer",
    "ScramKeys",
    "ServerSide",
    "Spoil",
    "Spoilt",
    "best_mechanism",
    "choose_mechanism",
    "decode64",
    "derive_keys",
    "encode64",
    "judge_password",
    "offered_mechanisms",
    "open_client",
    "open_server",
    "prepare",
]
