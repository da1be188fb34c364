"""Needs: what a case wants of a target and a run, and words for what is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from harness.protocol.sasl import MECHANISMS
from harness.runner.facts import literal_of
from harness.runner.offers import Offer
from harness.runner.settings import Settings
from harness.target import Target
from harness.transcripts.model import Case, Role
from harness.transcripts.steps import Auth, Sasl, Start, StartTls, Tls
from harness.transcripts.walking import all_steps
from harness.transcripts.wants import Template

EXTENSION = "ext:"
MOST_RECIPIENTS = 10_000  # of one message that is to have as many as may be
LARGEST = 67_108_864  # octets of a message that is to fill a server up

Ask = Callable[[Target, Settings], bool]


def _has_listener(*names: str) -> Ask:
    return lambda target, _: any(target.listener(name) is not None for name in names)


def _is_ours(target: Target, settings: Settings) -> bool:
    return target.is_ours


def _is_there(target: Target, settings: Settings) -> bool:
    return True


_OURS = "which may touch hosts on loopback, or those under `mine:` or --mine, alone"

# A need: whether it is there, and what to say if not.
_NEEDS: Mapping[str, tuple[Ask, str]] = {
    "raw-tcp": (_is_there, ""),
    "tls": (_is_there, ""),  # what the target offers is seen when the case is played
    "time": (_is_there, ""),
    "config": (_is_there, ""),
    "domain": (_is_there, ""),
    "size-limit": (_is_there, ""),  # as above
    "rcpt-limit": (_is_there, ""),
    "ip-address": (
        lambda target, _: literal_of(target.address.host) is not None,
        "a target that is named by its IP address",
    ),
    "clear": (
        lambda target, _: "tls" not in target.always,
        "a talk without TLS, and the target has `always: [tls]`",
    ),
    "anonymous": (_is_there, ""),  # the start does without a log-in
    "local-rcpt": (_is_there, ""),  # RFC 5321 4.5.1: <postmaster> at least
    "two-rcpts": (
        lambda target, _: len(target.recipients) > 1,
        "a second recipient: two under `recipients:`, or --to twice",
    ),
    "unknown-rcpt": (
        lambda target, _: target.unknown_recipient is not None,
        "a recipient who does not exist: `unknown_recipient:` or --unknown",
    ),
    "remote-rcpt": (
        lambda target, _: target.foreign_recipient is not None,
        "a recipient who lives elsewhere: `foreign_recipient:` or --foreign",
    ),
    "many": (
        lambda target, _: target.many is not None,
        "as many recipients as wanted: `many: user{n}@many.example.test`",
    ),
    "alias": (
        lambda target, _: target.alias is not None,
        "an alias for the first two recipients: `alias: team@example.test`",
    ),
    "list": (
        lambda target, _: target.mailing_list is not None,
        "a mailing list of the first two recipients: `mailing_list: list@example.test`",
    ),
    "delivery": (
        lambda target, _: bool(target.delivery),
        "to read back what was delivered: `delivery: maildir:/path` or --delivery",
    ),
    "auth": (
        lambda target, _: target.login is not None,
        "a log-in: `login:` or --login",
    ),
    "slow": (lambda _, settings: settings.slow, "time: --slow plays what waits for long"),
    "crash": (_is_ours, f"a server that may be broken, {_OURS}"),
    "big-message": (_is_ours, f"a server that may be burdened, {_OURS}"),
    "concurrency": (_is_ours, f"a server that may be burdened, {_OURS}"),
    "lmtp": (_has_listener("lmtp"), "a listener for LMTP: `listeners: {lmtp: lmtp://...}`"),
    "submission-port": (
        _has_listener("submission", "submissions"),
        "a listener for submission: `listeners: {submission: submission://...}`",
    ),
    "implicit-tls-port": (
        _has_listener("smtps", "submissions"),
        "a listener that speaks TLS from the first octet: `listeners: {smtps: smtps://...}`",
    ),
}


def missing(case: Case, target: Target, settings: Settings) -> str:
    """Why the case cannot be played on this target in this run; nothing if it can."""
    if case.role is not Role.SERVER:
        return f"a case for a {case.role}, and a server is under test"
    for need in case.needs:
        if need.startswith(EXTENSION):
            continue
        is_there, words = _NEEDS.get(need, (None, ""))
        if is_there is None:
            return f"needs {need}, which this harness cannot do yet"
        if not is_there(target, settings):
            return f"needs {words}"
    if target.listener(case.over) is None:
        return f"needs a listener for {case.over}: `listeners: {{{case.over}: ...}}`"
    return _unread(case, target) or _unspoken(case)


def _unread(case: Case, target: Target) -> str:
    """Mail for whom the case itself names, as it does the postmaster, is not always to be read."""
    for item in (*case.delivered, *case.not_delivered):
        name = None if item.to is None or any(item.to.variables) else _text(item.to)
        if name is not None and target.delivery_of(name) is None:
            return f"needs to read back mail for {name}: `delivery: {{{name}: maildir:/path}}`"
    return ""


def _text(template: Template) -> str:
    return b"".join(piece for piece in template.pieces if isinstance(piece, bytes)).decode()


def _unspoken(case: Case) -> str:
    for mechanism in _mechanisms(case):
        if mechanism not in MECHANISMS:
            return f"this harness does not speak {mechanism} yet"
    return ""


def _mechanisms(case: Case) -> Iterator[str]:
    for step in all_steps(case.steps):
        if isinstance(step, Auth | Sasl):
            yield step.mechanism


def not_offered(case: Case, offer: Offer, *, always_tls: bool) -> str:
    """Which extension the case needs that the target does not offer; nothing if it offers all."""
    wanted = [need.removeprefix(EXTENSION) for need in case.needs if need.startswith(EXTENSION)]
    within_tls = always_tls or _goes_into_tls(case)
    for keyword in wanted:
        if keyword == "STARTTLS" and offer.is_secure and not _says_starttls(case):
            continue  # it is inside TLS from the beginning
        if not offer.has(keyword, within_tls=within_tls):
            # STARTTLS is never offered within TLS (RFC 3207 4.2): that is where it is looked for.
            where = " inside TLS" if within_tls and keyword != "STARTTLS" else ""
            return f"the target does not offer {keyword}{where}"
    if "clear" in case.needs and offer.is_secure:
        return "the target is met inside TLS alone"
    if always_tls and any(isinstance(step, StartTls) for step in all_steps(case.steps)):
        return "the target does not offer STARTTLS inside TLS, which `always: [tls]` begins with"
    if "rcpt-limit" in case.needs and not 0 < (offer.rcpt_max or 0) <= MOST_RECIPIENTS:
        return "the target announces no RCPTMAX, or more than we try"
    if "size-limit" in case.needs:
        return _unsized(case, offer)
    return ""


def _unsized(case: Case, offer: Offer) -> str:
    if offer.over_size is None:
        return "the target announces no fixed maximum message size: SIZE with a number over 0"
    if "big-message" in case.needs and offer.over_size > LARGEST:
        return f"the target takes messages of more than {LARGEST} octets, and we send none as large"
    return ""


def _goes_into_tls(case: Case) -> bool:
    return case.start in (Start.TLS, Start.AUTH) or _says_starttls(case)


def _says_starttls(case: Case) -> bool:
    return any(isinstance(step, StartTls | Tls) for step in all_steps(case.steps))
