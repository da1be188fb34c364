import pytest

from harness.errors import PeerError
from harness.protocol.pop3.fetching import Waiting, delete, leave, list_mailbox, retrieve
from harness.protocol.pop3.flow import PopRefused
from harness.protocol.pop3.reaching import Entrance, enter
from harness.protocol.sasl import Login
from tests.protocol.pop3.clients import Ends, script
from tests.protocol.pop3.dialogue import ALICES, Talk


def test_a_whole_session_with_our_own_server():
    talk = Talk(secure=False)
    ends = Ends(talk)
    ends.drive(enter(Entrance(login=Login("alice", "secret"))))

    mailbox = ends.drive(list_mailbox())
    contents = [ends.drive(retrieve(one.number)) for one in mailbox]
    ends.drive(delete(2))
    ends.drive(leave())

    assert mailbox == (
        Waiting(number=1, octets=25, uid="id-1"),
        Waiting(number=2, octets=22, uid="id-2"),
    )
    assert contents == ALICES
    assert talk.deleted == ["id-2"]


def test_sizes_and_ids_are_put_together_by_number():
    assert script().drive(list_mailbox()) == (
        Waiting(number=1, octets=20, uid="abc"),
        Waiting(number=3, octets=7, uid="def"),
    )


@pytest.mark.parametrize("answer", [b"-ERR what?\r\n", b"+OK\r\n3 def\r\n.\r\n"])
def test_a_server_may_have_no_ids(answer):
    assert script(UIDL=answer).drive(list_mailbox())[0].uid is None


@pytest.mark.parametrize(
    "answers",
    [
        {"LIST": b"+OK\r\none 20\r\n.\r\n"},
        {"LIST": b"+OK\r\n1\r\n.\r\n"},
        {"LIST": b"+OK\r\n1 -20\r\n.\r\n"},
        {"UIDL": b"+OK\r\n1 \x07\r\n.\r\n"},
        {"UIDL": b"+OK\r\n1 " + b"x" * 71 + b"\r\n.\r\n"},
    ],
)
def test_a_list_that_is_none_is_told(answers):
    with pytest.raises(PeerError, match="a line of the list is none"):
        script(**answers).drive(list_mailbox())


def test_what_is_refused_is_told_with_its_words():
    peer = script(RETR=b"-ERR [SYS/TEMP] gone\r\n")

    with pytest.raises(PopRefused, match=r"RETR was answered -ERR \[SYS/TEMP\] gone"):
        peer.drive(retrieve(1))


def test_a_message_without_end_is_told():
    peer = script(RETR=b"+OK\r\n" + b"x\r\n" * 10_000 + b".\r\n")

    with pytest.raises(PeerError, match="has no end"):
        peer.drive(retrieve(1))


def test_an_empty_message_is_one():
    assert script(RETR=b"+OK\r\n.\r\n").drive(retrieve(1)) == b""
