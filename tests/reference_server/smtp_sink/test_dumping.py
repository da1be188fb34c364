import re
import time

import pytest

from harness.errors import HarnessError
from harness.protocol.addresses import read_forward_path, read_reverse_path
from harness.protocol.receiver import Addressee, Envelope
from harness.protocol.receiver.events import Message
from harness.protocol.replies import reply
from reference_server.doors.door import Door, Kind
from reference_server.smtp_sink.dumping import Dump, dumped
from reference_server.smtp_sink.letters import Letters
from reference_server.watching.visits import Visit

MESSAGE = Message(
    Envelope(
        read_reverse_path(b"<a@b.test>"),
        (
            Addressee(read_forward_path(b"<c@d.test>")),
            Addressee(read_forward_path(b"<e@d.test>"), (("NOTIFY", "NEVER"), ("X", None))),
        ),
        (("BODY", "8BITMIME"),),
    ),
    b"Subject: x\r\n\r\n.hi \xff\r\n",
)


def visit(*, peer="127.0.0.1", kind=Kind.SMTP, client="me.test", extended=True):
    found = Visit(id="1", peer=peer, door=Door(kind))
    found.memory.client, found.memory.extended = client, extended
    return found


def letters(**said):
    return Letters(**{"where": ":25", "backlog": 10} | said)


def test_a_dump_is_headers_content_and_an_empty_line():
    now = time.mktime((2026, 11, 26, 12, 59, 58, 0, 0, -1))
    octets = dumped(letters(start="start\n"), visit(), MESSAGE, id="0384b466", now=now)
    told = re.sub(rb"[+-]\d{4} \([^)]*\)", b"+0000 (UTC)", octets)
    assert told == (
        b"start\n"
        b"X-Client-Addr: 127.0.0.1\n"
        b"X-Client-Proto: ESMTP\n"
        b"X-Helo-Args: me.test\n"
        b"X-Mail-Args: <a@b.test> BODY=8BITMIME\n"
        b"X-Rcpt-Args: <c@d.test>\n"
        b"X-Rcpt-Args: <e@d.test> NOTIFY=NEVER X\n"
        b"Received: from me.test ([127.0.0.1])\n"
        b"\tby smtp-sink (smtp-sink) with ESMTP id 0384b466;\n"
        b"\tThu, 26 Nov 2026 12:59:58 +0000 (UTC)\n"
        b"Subject: x\n\n.hi \xff\n"
        b"\n"
    )


@pytest.mark.parametrize(
    ("who", "lines"),
    [
        ({"peer": "::1"}, [b"X-Client-Addr: ipv6:::1", b"Received: from me.test ([ipv6:::1])"]),
        ({"extended": False}, [b"X-Client-Proto: SMTP", b"X-Helo-Args: me.test"]),
        ({"kind": Kind.LMTP}, [b"X-Client-Proto: LMTP"]),
        ({"client": "", "peer": "local"}, [b"Received: from [local] ([local])"]),
    ],
)
def test_who_sent_it_and_how_is_said(who, lines):
    octets = dumped(letters(), visit(**who), MESSAGE, id="1", now=0)
    assert set(lines) <= set(octets.split(b"\n"))
    assert (b"X-Helo-Args" in octets) is (who.get("client") != "")


def dump(said, times, answer=250):
    watcher = Dump(letters(**said))
    for _ in range(times):
        watcher.answered(visit(), MESSAGE, reply(answer, "x"), 0.0)


def test_each_message_has_a_file_of_its_own_in_folders_that_are_made(tmp_path):
    dump({"one_file_each": f"{tmp_path}/%Y/m."}, 2)
    files = list((tmp_path / time.strftime("%Y")).iterdir())
    assert len(files) == 2
    assert all(re.fullmatch(r"m\.[0-9a-f]{8}", file.name) for file in files)


def test_all_messages_go_to_one_file(tmp_path):
    dump({"one_file": f"{tmp_path}/all"}, 2)
    assert (tmp_path / "all").read_bytes().count(b"X-Client-Addr") == 2


def test_what_was_refused_is_not_dumped(tmp_path):
    dump({"one_file": f"{tmp_path}/all"}, 1, answer=451)
    assert list(tmp_path.iterdir()) == []


def test_a_dump_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(HarnessError, match="cannot write a dump"):
        dump({"one_file": f"{tmp_path}/file/all"}, 1)
