"""Lists of mailboxes: `user{1..500}@example.test` is five hundred of them."""

from __future__ import annotations

import re
from typing import Final

from harness.errors import UsageError
from harness.target.options import read_mailbox

_SENDERS: Final = "senders"  # the only ones among whom nobody may be (RFC 5321 4.5.5)
MOST: Final = 100_000  # mailboxes of one list: all are kept in memory
_RANGE: Final = re.compile(r"\{([^{}]*)\}")
_NUMBERS: Final = re.compile(r"([0-9]{1,9})\.\.([0-9]{1,9})", re.ASCII)


def read_mailboxes(text: str, key: str) -> tuple[str, ...]:
    """The mailboxes that are written there, `<>` for the null reverse-path; raises UsageError.

    A first number that begins with 0 gives all of them as many digits.
    """
    ranges = _RANGE.findall(text)
    if len(ranges) > 1:
        raise UsageError(f"{key}: {text!r} has more than one range")
    if not ranges:
        return (read_mailbox(text, key, null=key == _SENDERS),)
    first, last, digits = _numbers(ranges[0], text, key)
    before, _, rest = text.partition("{")
    behind = rest.partition("}")[2]
    read_mailbox(f"{before}{first:0{digits}}{behind}", key)
    return tuple(f"{before}{number:0{digits}}{behind}" for number in range(first, last + 1))


def _numbers(text: str, whole: str, key: str) -> tuple[int, int, int]:
    match = _NUMBERS.fullmatch(text)
    if match is None:
        raise UsageError(f"{key}: {whole!r} has no range; one is written {{1..500}}")
    first, last = int(match[1]), int(match[2])
    if abs(last - first) >= MOST:
        raise UsageError(f"{key}: {whole!r} are more than {MOST:,} mailboxes")
    digits = len(match[1]) if match[1].startswith("0") else 1
    if first > last:
        upwards = f"{{{match[2].zfill(digits)}..{match[1]}}}"
        raise UsageError(f"{key}: the range of {whole!r} runs backwards: write {upwards}")
    return first, last, digits
