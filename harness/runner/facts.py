"""Facts: what the variables of a dialogue stand for on a target."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

from harness.target import Target

SERVER = "server.example.test"  # what we call ourselves where a client is under test


def facts_of(
    target: Target,
    *,
    token: str,
    domain: str,
    over_size: int | None = None,
    rcpt_max: int | None = None,
) -> dict[str, str]:
    """Every fact that is known of the target, by variable.

    `domain` is for a target that does not say, `over_size` is one octet more than it takes.
    """
    relay = target.relay
    known = {
        "token": token,
        "in_an_hour": f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        "our_name": target.our_name,
        "server": SERVER,
        "domain": target.domain or domain,
        "DOMAIN": (target.domain or domain).upper(),
        "literal": literal_of(target.address.host),
        "sender": target.sender,
        "recipient": target.recipient,
        "recipient2": second_recipient(target),
        "unknown": target.unknown_recipient,
        "foreign": target.foreign_recipient,
        "foreign_domain": (target.foreign_recipient or "").rpartition("@")[2] or None,
        "many": target.many,
        "alias": target.alias,
        "list": target.mailing_list,
        "over_size": None if over_size is None else str(over_size),
        "rcpt_max": None if rcpt_max is None else str(rcpt_max),
        "bounce": relay.bounce if relay else None,
        "relayed": relay.recipient if relay else None,
    }
    return {name: value for name, value in known.items() if value is not None}


def literal_of(host: str) -> str | None:
    """The address literal of a host that is named by its IP address (RFC 5321 4.1.3)."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return f"[{address}]" if address.version == 4 else f"[IPv6:{address}]"


def second_recipient(target: Target) -> str | None:
    """A recipient who is somebody else than the first, if the target names one."""
    return target.recipients[1] if len(target.recipients) > 1 else None
