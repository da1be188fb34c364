"""The fields of a message/delivery-status part (RFC 3464 2.2 and 2.3, RFC 3461 6.3)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from typing import Final

from harness.protocol.options import mail_options, recipient_options
from harness.protocol.replies import Reply
from reference_server.bounces.findings import Finding, Original
from reference_server.dates import date

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]+")
_MOST_LINES: Final = 20  # of a reply; who says more is not quoted in full
_LONGEST_LINE: Final = 400


def status_fields(original: Original, findings: Sequence[Finding], domain: str) -> str:
    """The groups of fields: of the message, and of each recipient."""
    groups = [_of_message(original, domain), *map(_of_recipient, findings)]
    return "\r\n".join("".join(f"{name}: {value}\r\n" for name, value in group) for group in groups)


def quoted(reply: Reply) -> str:
    """What a server said, as a field may hold it; further lines are folded (RFC 3461 9.2)."""
    lines = reply.octets.decode("utf-8", "backslashreplace").splitlines()
    return "\r\n ".join(one_line(line)[:_LONGEST_LINE] for line in lines[:_MOST_LINES])


def one_line(text: str) -> str:
    """The text without what would end a field, or hide what stands in it."""
    return _CONTROLS.sub(" ", text).strip()


def _mta_name(host: str) -> str:
    """A host as RFC 3461 9.3 names it: an address stands in brackets."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return one_line(host)
    return f"[{ip}]" if ip.version == 4 else f"[IPv6:{ip}]"


def _of_message(original: Original, domain: str) -> Iterator[tuple[str, str]]:
    envid = mail_options(original.parameters).envid
    if envid is not None:
        yield "Original-Envelope-Id", one_line(envid)
    yield "Reporting-MTA", f"dns; {domain}"
    if original.arrived is not None:
        yield "Arrival-Date", date(original.arrived)


def _of_recipient(finding: Finding) -> Iterator[tuple[str, str]]:
    orcpt = recipient_options(finding.parameters).orcpt
    if orcpt is not None:
        yield "Original-Recipient", f"{orcpt[0]}; {one_line(orcpt[1])}"
    kind = "rfc822" if finding.address.isascii() else "utf-8"
    yield "Final-Recipient", f"{kind}; {one_line(finding.address)}"
    yield "Action", finding.action.value
    yield "Status", finding.status
    if finding.remote:
        yield "Remote-MTA", f"dns; {_mta_name(finding.remote)}"
    if finding.reply is not None:
        yield "Diagnostic-Code", f"smtp; {quoted(finding.reply)}"
    elif finding.words:
        # No reply is invented where there was none.
        yield "Diagnostic-Code", f"x-smtp-harness; {one_line(finding.words)}"
    if finding.at is not None:
        yield "Last-Attempt-Date", date(finding.at)
    if finding.retry_until is not None:
        yield "Will-Retry-Until", date(finding.retry_until)
