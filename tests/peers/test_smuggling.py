"""Smuggling, in every context: whatever looks like the end of a text and is none ends nothing.

The oracle counts replies: one for the text, then the 250 of our own NOOP.  A command that ran
behind a false end would put its reply in between.  And what was delivered is read back.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest

from tests.peers.marks import (
    END,
    HIDDEN,
    OVER_SIZE,
    REAL_ENDS,
    false_ends,
    has_bare_line_ends,
    meant,
)
from tests.peers.raw_client import WAYS, RawClient, Way, connected
from tests.peers.serving import ALICE, SENDER, Mailbox, Served, serving

pytestmark = pytest.mark.peer

FEW = 8  # texts on one connection: the server bears twenty refusals


@pytest.fixture(scope="module")
def small() -> Iterator[Served]:
    """A server that throws away what is over its size soon."""
    with serving("--max-size", str(OVER_SIZE)) as served:
        yield served


@pytest.fixture(scope="module")
def sink() -> Iterator[Served]:
    """A server that answers by rote what it can."""
    with serving("--sink", "--max-size", str(OVER_SIZE)) as served:
        yield served


def whole(text: bytes) -> list[bytes]:
    return [text]


def by_octets(text: bytes) -> list[bytes]:
    """Octet by octet from shortly before where it matters."""
    at = max(0, len(text) - 160)
    return [text[:at], *(text[n : n + 1] for n in range(at, len(text)))]


CUTS = {"whole": whole, "by octets": by_octets}


def send_text(client: RawClient, segments: list[bytes]) -> list[int]:
    """The replies to a text and to a NOOP that is said once the text has its reply."""
    for line, code in (
        (f"MAIL FROM:<{SENDER}>", 250),
        (f"RCPT TO:<{ALICE}>", 250),
        ("DATA", 354),
    ):
        assert client.say(line) == code
    client.write(*segments)
    told = client.reply()
    return [told, client.say("NOOP")]


def hold(server: Served, way: Way, texts: dict[str, list[bytes]], *, keeps: bool = True) -> None:
    """Send all of them, a few on each connection; each must be one text and no more."""
    mailbox = server.mailbox() if keeps else None
    names = iter(texts)
    while some := list(itertools.islice(names, FEW)):
        with connected(server, way) as client:
            for name in some:
                hold_one(client, mailbox, name, texts[name])
            assert client.say("QUIT") == 221, f"a reply too many after one of {some}"


def hold_one(client: RawClient, mailbox: Mailbox | None, name: str, segments: list[bytes]) -> None:
    text = b"".join(segments).removesuffix(END)
    content = meant(text) + b"\r\n"
    expected = 552 if len(content) > OVER_SIZE else 550 if has_bare_line_ends(content) else 250
    replies = send_text(client, segments)
    assert replies == [expected, 250], f"{name}: {replies}, not [{expected}, 250]"
    if mailbox is not None:
        arrived = [ADDED.sub(b"", it.content) for it in mailbox.fresh()]
        assert arrived == ([as_kept(content)] if expected == 250 else []), name


ADDED = re.compile(rb"\AMessage-ID: <[^ ]+>\r\n")  # what submission may add: RFC 6409 8.3


def as_kept(content: bytes) -> bytes:
    """A text that begins with a blank has an empty line on top, or it would go on the trace."""
    return b"\r\n" + content if content[:1] in (b" ", b"\t") else content


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("hidden", HIDDEN.values(), ids=HIDDEN)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_nothing_runs_behind_a_false_end(small, way, hidden, cut):
    texts = {
        name: cut(before + mark + hidden.removesuffix(b"\r\n") + END)
        for name, (before, mark) in false_ends().items()
    }
    hold(small, way, texts)


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("hidden", HIDDEN.values(), ids=HIDDEN)
def test_nothing_runs_in_a_sink_either(sink, hidden, cut):
    texts = {
        name: cut(before + mark + hidden.removesuffix(b"\r\n") + END)
        for name, (before, mark) in false_ends().items()
    }
    hold(sink, WAYS["in the clear"], texts, keeps=False)


@pytest.mark.parametrize("end", REAL_ENDS.values(), ids=REAL_ENDS)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_what_stands_behind_the_real_end_is_a_command(small, way, end):
    with connected(small, way) as client:
        replies = send_text(client, [b"Subject: x\r\n\r\nhello" + end + HIDDEN["RCPT"]])
        is_bare = has_bare_line_ends(end.removesuffix(END))
        # The RCPT has its 503, so the reply to NOOP is the next.
        assert [*replies, client.reply()] == [550 if is_bare else 250, 503, 250]


# lie -> the mark that it takes for an end
LIARS = {
    "lf-dot-lf": "lf.lf, mid-line",
    "lf-dot-crlf": "lf.crlf, after 2048 octets",
    "cr-dot-cr": "cr.cr, after a line that ended in LF",
    "crlf-dot-crcrlf": "crlf.crcrlf, while lines are thrown away",
    "crlf-nul-dot-crlf": "nul.crlf, after CRLF",
}


@pytest.mark.parametrize(("lie", "name"), LIARS.items(), ids=LIARS)
def test_a_server_that_ends_the_text_there_would_be_caught(lie, name):
    before, mark = false_ends()[name]
    text = before + mark + HIDDEN["RCPT"].removesuffix(b"\r\n") + END
    with (
        serving("--max-size", str(OVER_SIZE), "--fault", lie) as liar,
        pytest.raises(AssertionError, match=r"not \["),
    ):
        hold(liar, WAYS["in the clear"], {name: [text]})
