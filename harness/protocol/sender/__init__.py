"""The sending end: flows that yield what to do and are sent the replies.

A flow never touches a socket, so trio and gevent each drive the same one.
"""

from harness.protocol.sender.chunking import CHUNK, hand_over_chunks
from harness.protocol.sender.flow import Exchange, Flow, Pause, PausingFlow, Secure
from harness.protocol.sender.handover import Handover
from harness.protocol.sender.lmtp import hand_over_each, hand_over_each_chunks
from harness.protocol.sender.opening import GROUP, Envelope, Opening, Outgoing, make_opening
from harness.protocol.sender.parameters import as_understood, fitted
from harness.protocol.sender.sending import send_message
from harness.protocol.sender.session import greet, hello, log_in, open_session, quit_, secure
from harness.protocol.sender.streaming import Tell, stream, stream_chunks
from harness.protocol.sender.transactions import hand_over

__all__ = [
    "CHUNK",
    "GROUP",
    "Envelope",
    "Exchange",
    "Flow",
    "Handover",
    "Opening",
    "Outgoing",
    "Pause",
    "PausingFlow",
    "Secure",
    "Tell",
    "as_understood",
    "fitted",
    "greet",
    "hand_over",
    "hand_over_chunks",
    "hand_over_each",
    "hand_over_each_chunks",
    "hello",
    "log_in",
    "make_opening",
    "open_session",
    "quit_",
    "secure",
    "send_message",
    "stream",
    "stream_chunks",
]
