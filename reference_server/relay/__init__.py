"""The relay: mail for elsewhere, tried until it is there or its sender has been told."""

from reference_server.relay.attending import Submit
from reference_server.relay.exchangers import Ourselves
from reference_server.relay.relay import Relay
from reference_server.relay.routes import Route, Routes, Tls
from reference_server.relay.schedule import Schedule
from reference_server.relay.settings import Caps, Settings, Timeouts
from reference_server.relay.standing import Standing, Waiting

__all__ = [
    "Caps",
    "Ourselves",
    "Relay",
    "Route",
    "Routes",
    "Schedule",
    "Settings",
    "Standing",
    "Submit",
    "Timeouts",
    "Tls",
    "Waiting",
]
