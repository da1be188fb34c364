"""Everything we raise on purpose, by who must act.

    HarnessError
      UsageError        you can put this right            exit 2, one line, no traceback
        DocumentError   ... in a YAML file, at a place    (harness.documents)
      PeerError         the other end did this            a verdict, a retry or a count
        PeerClosed      it went away
        PeerSilent      it did not answer in time
        Refused         it answered, and the answer was no (carries the Reply)
      NotOffered      it lacks an extension that the message needs

Anything else that escapes is our bug and may crash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.protocol.replies import Reply


class HarnessError(Exception):
    """What we raise on purpose."""


class UsageError(HarnessError):
    """Something that the person at the keyboard can put right."""


class PeerError(HarnessError):
    """What the other end did to us."""


class PeerClosed(PeerError):
    """The other end went away: end of file, or a reset."""


class PeerSilent(PeerError):
    """The other end did not answer before our patience ended."""


class TlsFailed(PeerError):
    """The TLS handshake did not succeed."""


class Untrusted(TlsFailed):
    """The TLS handshake did not succeed, because of us: we do not trust the certificate."""


class TargetUnreachable(PeerError):
    """Nobody is there, or nobody who speaks SMTP with us."""


class NotOffered(PeerError):
    """The message needs an extension that the other end does not offer."""

    def __init__(self, keyword: str, words: str) -> None:
        super().__init__(words)
        self.keyword = keyword


class Refused(PeerError):
    """The other end answered, and the answer was no."""

    def __init__(self, doing: str, reply: Reply) -> None:
        super().__init__(f"{doing}: {reply.code} {' / '.join(reply.lines)}")
        self.doing = doing
        self.reply = reply

    @property
    def is_permanent(self) -> bool:
        """Whether trying again is pointless: the queue's only question."""
        return self.reply.code >= 500
