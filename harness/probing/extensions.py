"""The extensions of the card: one row each, with the question that shows whether it works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from harness.probing import shows
from harness.probing.card import Judged, Verdict
from harness.probing.shows import Show, Shown, by_command, by_mail, shown
from harness.probing.visiting import Visitor


@dataclass(frozen=True, slots=True)
class Row:
    """One extension."""

    rfc: int
    meaning: str  # in a few words
    show: Show | None = None


# RFC 6531 3.3: a mailbox that only SMTPUTF8 allows.
_UTF8_SENDER = "grüße@client.example.test"

# RFC 5321 3.5: codes that answer the question, and those that say no to this name.
_VRFY = ((250, 251, 252), (550, 551, 553))

EXTENSIONS: Final[Mapping[str, Row]] = {
    "PIPELINING": Row(2920, "commands in groups", shows.pipelining),
    "SIZE": Row(1870, "size before the text", shows.size),
    "8BITMIME": Row(6152, "8-bit text", by_mail("BODY=8BITMIME", bad="BODY=NONSENSE")),
    "CHUNKING": Row(3030, "BDAT instead of DATA", shows.chunking),
    "BINARYMIME": Row(3030, "any octets, by BDAT", by_mail("BODY=BINARYMIME", bad="BODY=NONSENSE")),
    "SMTPUTF8": Row(6531, "addresses in UTF-8", by_mail("SMTPUTF8", sender=_UTF8_SENDER)),
    "ENHANCEDSTATUSCODES": Row(2034, "codes that say why", shows.status_codes),
    "DSN": Row(3461, "when to notify, and how", shows.dsn),
    "STARTTLS": Row(3207, "TLS after EHLO", shows.start_tls),
    "REQUIRETLS": Row(8689, "TLS all the way", by_mail("REQUIRETLS")),
    "AUTH": Row(4954, "log-in", shows.auth),
    "DELIVERBY": Row(2852, "deliver within a time", by_mail("BY=3600;N", bad="BY=soon")),
    "FUTURERELEASE": Row(4865, "hold until later", by_mail("HOLDFOR=60", bad="HOLDFOR=later")),
    "MT-PRIORITY": Row(6710, "priorities", by_mail("MT-PRIORITY=1", bad="MT-PRIORITY=99")),
    "ETRN": Row(
        1985,
        "start a host's queue",
        by_command("ETRN example.test", (250, 251, 252, 253, 458, 459)),
    ),
    "VRFY": Row(
        5321,
        "is there such a user?",
        by_command("VRFY postmaster", (250, 251, 252), (550, 551, 553)),
    ),
    "EXPN": Row(5321, "who is on a list?", by_command("EXPN postmaster", (250, 252), (550, 553))),
    "HELP": Row(5321, "help", by_command("HELP", (211, 214, 250))),
    # Those below say something and leave nothing to try.
    "LIMITS": Row(9422, "limits, told beforehand"),
    "BURL": Row(4468, "text from an IMAP server"),
    "NO-SOLICITING": Row(3865, "no advertising"),
    "CHECKPOINT": Row(1845, "go on where it broke off"),
    "ATRN": Row(2645, "turn around, logged in"),
    "MTRK": Row(3885, "message tracking"),
    "SUBMITTER": Row(4405, "who submitted it"),
    "CONPERM": Row(4141, "conversion permitted"),
    "CONNEG": Row(4141, "what can be converted"),
    "RRVS": Row(7293, "since when a mailbox is"),
    "UTF8SMTP": Row(5336, "obsolete: see SMTPUTF8"),
    "TURN": Row(821, "obsolete and dangerous"),
    "SEND": Row(821, "obsolete"),
    "SOML": Row(821, "obsolete"),
    "SAML": Row(821, "obsolete"),
    "XCLIENT": Row(0, "Postfix: be another"),
    "XFORWARD": Row(0, "Postfix: tell whose mail"),
}
UNKNOWN: Final = Row(0, "unknown to us")


async def judge_extensions(visitor: Visitor) -> dict[str, Judged]:
    """Every extension that is offered or can be tried, judged."""
    keywords = (await visitor.talk()).capabilities.keywords
    judged: dict[str, Judged] = {}
    for keyword, row in EXTENSIONS.items():
        if row.show is not None or keyword in keywords:
            found = None if row.show is None else await shown(row.show, visitor)
            judged[keyword] = judge(keywords.get(keyword), found)
    others = (keyword for keyword in keywords if keyword not in EXTENSIONS)
    return judged | {keyword: judge(keywords[keyword], None) for keyword in others}


def judge(offered: tuple[str, ...] | None, found: Shown | None) -> Judged:
    """What is to be thought of an extension, by whether it is offered and what was shown."""
    if found is None:
        return Judged(verdict=Verdict.TOLD, parameters=offered or ())
    if offered is not None:
        return Judged(verdict=_OFFERED[found.works], parameters=offered, note=found.note)
    if found.works and found.proves:
        return Judged(verdict=Verdict.UNADVERTISED, note=found.note)
    return Judged(verdict=Verdict.ABSENT, note=found.note)


_OFFERED: Final = {True: Verdict.WORKS, False: Verdict.BROKEN, None: Verdict.UNPROVEN}
