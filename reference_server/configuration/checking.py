"""Checks of single words that the file and the command line share: they raise UsageError."""

from __future__ import annotations

import ipaddress

from harness.documents import nearest
from harness.errors import UsageError
from harness.protocol.addresses import is_domain
from reference_server.doors.door import Endpoint, read_endpoint
from reference_server.intake.expansion import mailbox_of
from reference_server.lies import LIES
from reference_server.users.book import check_name


def check_domain(text: str) -> str:
    """The text, which must be a domain."""
    if not is_domain(text):
        raise UsageError(f"{text!r} is not a domain")
    return text


def check_user(name: str) -> str:
    """The name, which must be fit for a mailbox directory."""
    return check_name(name)


def check_fault(name: str) -> str:
    """The name, which must be one of a lie."""
    if name not in LIES:
        hint = nearest(name, LIES) or "see --list-faults"
        raise UsageError(f"there is no fault {name!r} ({hint})")
    return name


def read_control(text: str) -> Endpoint:
    """The endpoint, which must be on loopback: who reaches it may change what everybody meets."""
    endpoint = read_endpoint(text)
    if not _is_loopback(endpoint.host):
        raise UsageError(f"{text!r}: the control port stays on loopback")
    return endpoint


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_address(text: str) -> str:
    """The text, which must be a mailbox, or the local-part of one here."""
    if mailbox_of(text) is None and mailbox_of(f"{text}@example.test") is None:
        raise UsageError(f"{text!r} is no address, nor a name here")
    return text
