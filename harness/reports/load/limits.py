"""The limits of its own that a server told us of, among all that went wrong, in words.

A temporary refusal is a server's way to say "not so much": 421, 450 to 454, the enhanced codes of
RFC 3463, and no connection at all.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.load_results import LoadResult, Trouble

_CODES: Mapping[str, str] = {  # RFC 5321 4.2.2, and 454 of RFC 3207 and RFC 4954
    "421": "it closes connections",
    "450": "a mailbox is not to be had now",
    "451": "an error of its own",
    "452": "no room, or too many recipients",
    "454": "TLS or the log-in is not to be had now",
    "552": "more than it has room for",
}
_SAYS_LITTLE = frozenset({"450", "451", "452"})  # beside an enhanced code that we know
_DETAILS: Mapping[str, str] = {  # RFC 3463 3: subject and detail
    "2.2": "the mailbox is full",
    "3.1": "the mail system is full",
    "3.2": "it takes no mail now",
    "3.4": "the message is too big",
    "4.2": "bad connection",
    "4.5": "it is congested",
    "5.3": "too many recipients",
    "7.0": "a limit of its policy",
    "7.1": "a limit of its policy",
}
_NO_CONNECTION = "no connection can be had"


def meaning(trouble: Trouble) -> str:
    """Which limit of the server it tells of, in words; empty when it tells of none."""
    if trouble.stage == "connect":
        return _NO_CONNECTION
    code, _, enhanced = trouble.what.partition(" ")
    detail = _DETAILS.get(enhanced.partition(".")[2], "")
    if code not in _CODES or (detail and code in _SAYS_LITTLE):
        return detail if code.startswith("4") else ""
    return "; ".join(filter(None, (_CODES[code], detail)))


def limits(result: LoadResult) -> tuple[Trouble, ...]:
    """Those that tell of one, the first to be met first."""
    told = (trouble for trouble in result.troubles if meaning(trouble))
    return tuple(sorted(told, key=lambda trouble: trouble.first))
