"""Texts with holes, and what is wanted: of a reply, and of a mailbox.

A reader may wonder at `Template`: client lines hold octets that no text has (C!), so literals are
bytes, and variables fill in later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harness.documents import Place

# --- text with variables ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Variable:
    """`{name}`: filled in when the line goes out; `written` is the word that `names:` exchanged."""

    name: str
    at: Place
    written: bytes | None = None


@dataclass(frozen=True, slots=True)
class Fill:
    """`{fill 512 as x}`: as many x as make this line 512 octets with its CRLF."""

    size: int
    name: str | None
    at: Place


@dataclass(frozen=True, slots=True)
class Template:
    """Octets with holes."""

    pieces: tuple[bytes | Variable | Fill, ...]

    @property
    def variables(self) -> Iterator[Variable]:
        """The variables it needs, in order."""
        return (piece for piece in self.pieces if isinstance(piece, Variable))


# --- what a reply may be ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Want:
    """`250|4xx|close`: what is accepted; `503?` may be missing."""

    alternatives: tuple[str, ...]  # "250", "4xx", "55x", "any", "close"
    optional: bool = False

    def __str__(self) -> str:
        return "|".join(self.alternatives) + ("?" if self.optional else "")


@dataclass(frozen=True, slots=True)
class Has:
    """`has SIZE`, `has AUTH PLAIN`: the EHLO reply names the keyword (with that parameter)."""

    keyword: str
    parameter: str | None
    at: Place


@dataclass(frozen=True, slots=True)
class Lacks:
    """`lacks XCLIENT`: the EHLO reply does not name the keyword."""

    keyword: str
    parameter: str | None
    at: Place


@dataclass(frozen=True, slots=True)
class Enhanced:
    """`enhanced 5.5.x`: where the server offers enhanced codes, the reply carries this one."""

    pattern: str
    at: Place


@dataclass(frozen=True, slots=True)
class Octets:
    r"""`octets 334\x20\r\n`: the reply is exactly these octets."""

    octets: Template
    at: Place


@dataclass(frozen=True, slots=True)
class WellFormed:
    """`wellformed`: the strict grammar of replies, for EHLO's that of RFC 5321 4.1.1.1 too."""

    at: Place
    to_ehlo: bool = False  # the reply answers EHLO or LHLO


@dataclass(frozen=True, slots=True)
class TextMatches:
    """`text ~ RE` (some line matches) or `line ~ RE` (every line does): searched, not anchored.

    `decoded ~ RE` is about what a line stands for in base64, as a challenge does.
    """

    pattern: Template  # of the expression's UTF-8; a variable's value is escaped
    every: bool
    at: Place
    decoded: bool = False


@dataclass(frozen=True, slots=True)
class LineCount:
    """`lines 2`: the reply has that many lines."""

    count: int
    at: Place


@dataclass(frozen=True, slots=True)
class FirstWordIsDomain:
    """`first word is domain`: a domain or an address literal opens the text."""

    at: Place


@dataclass(frozen=True, slots=True)
class ExactTexts:
    """`texts: exact`: each line's text is what stands in the dialogue."""

    texts: tuple[Template, ...]
    at: Place


Check = (
    Has | Lacks | Enhanced | Octets | WellFormed | TextMatches | LineCount | FirstWordIsDomain
    | ExactTexts
)  # fmt: skip


# --- what must have been delivered -------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedWant:
    """`received: {count, with}`: new Received lines above what we sent."""

    count: int | None = None  # None is at least one
    with_: str | None = None  # the protocol after `with`, or several: ESMTP|ESMTPS (RFC 3848)
    matches: Template | None = None  # an expression that one of them must match, unfolded
    lacks: Template | None = None  # and one that none of them may match

    @property
    def is_optional(self) -> bool:
        """Whether there need be none: all that is said is what it must not be."""
        others = (self.matches, self.with_, self.count)
        return self.lacks is not None and others == (None, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One item of `delivered:`; lines of templates end in CRLF."""

    to: Template | None = None  # None is {recipient}
    count: int = 1
    body: Template | None = None
    content: Template | None = None
    header: Mapping[str, Template] = field(default_factory=dict)
    return_path: Template | None = None
    received: ReceivedWant | None = None
    unchanged: tuple[str, ...] = ()  # header fields that must stand there as sent, in order
    fields: Mapping[str, int] = field(default_factory=dict)  # how many there are of a name
    lacks: Template | None = None  # a text that must stand nowhere in the message
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounced:
    """`bounced:` a delivery status notification at `to`."""

    to: Template
    count: int = 1
    status: str | None = None
    return_path: Template | None = None
    at: Place
