import pytest

from harness.protocol.pop3.responses import LINE_LIMIT, Response, ResponseReader, Status

LINES = {
    b"+OK ready\r\n": (Status.OK, "ready"),
    b"+OK\r\n": (Status.OK, ""),
    b"-ERR [IN-USE] no\r\n": (Status.ERR, "[IN-USE] no"),
    b"-ERR\r\n": (Status.ERR, ""),
    b"+ \r\n": (Status.CHALLENGE, ""),
    b"+\r\n": (Status.CHALLENGE, ""),
    b"+ abc=\r\n": (Status.CHALLENGE, "abc="),
    b"+OK bare\n": (Status.OK, "bare"),
    b"+ok\r\n": (Status.ODD, "+ok\r\n"),  # RFC 1939 3: in upper case
    b"+abc\r\n": (Status.ODD, "+abc\r\n"),
    b"220 mx.test ESMTP\r\n": (Status.ODD, "220 mx.test ESMTP\r\n"),
    b"\r\n": (Status.ODD, "\r\n"),
    b"+OK \xff\r\n": (Status.OK, "\\xff"),
}


@pytest.mark.parametrize(("line", "meaning"), LINES.items())
def test_a_line_is_a_status_and_a_text_wherever_the_network_cuts_it(line, meaning):
    for cut in range(len(line)):
        reader = ResponseReader()
        reader.feed(line[:cut])
        assert reader.take(has_content=False) is None
        reader.feed(line[cut:])
        response = reader.take(has_content=False)
        assert response is not None
        assert (response.status, response.text) == meaning
        assert response.octets == line
        assert reader.left == b""


TALK = b"+OK two\r\n1 20\r\n..\r\n.\r\n+OK done\r\n"


def test_what_stands_below_ends_at_the_lone_dot_wherever_the_network_cuts_it():
    for cut in range(len(TALK) + 1):
        reader, found = ResponseReader(), []
        for octets in (TALK[:cut], TALK[cut:]):
            reader.feed(octets)
            while len(found) < 2 and (it := reader.take(has_content=not found)) is not None:
                found.append(it)
        assert [it.content for it in found] == [b"1 20\r\n.\r\n", None]
        assert [it.octets for it in found] == [TALK[:-10], TALK[-10:]]
    assert [it.text for it in found] == ["two", "done"]


def test_content_may_be_empty():
    reader = ResponseReader()
    reader.feed(b"+OK\r\n.\r\n")

    response = reader.take(has_content=True)
    assert response is not None
    assert response.content == b""
    assert response.octets == b"+OK\r\n.\r\n"


def test_a_refusal_has_no_content():
    reader = ResponseReader()
    reader.feed(b"-ERR no\r\n+OK\r\n")

    first = reader.take(has_content=True)
    assert first is not None
    assert first.content is None
    assert reader.take(has_content=False) is not None


def test_too_much_content_is_thrown_away_and_said():
    reader = ResponseReader(most=1_000)
    reader.feed(b"+OK\r\n")
    for _ in range(1_000):
        reader.feed(b"x" * 98 + b"\r\n")
        assert reader.take(has_content=True) is None
        assert len(reader.left) < 3_000
    reader.feed(b".\r\n+OK\r\n")

    response = reader.take(has_content=True)
    assert response is not None
    assert response.too_big
    assert response.content is None
    assert reader.take(has_content=False) is not None


def test_a_line_without_end_is_odd_and_bounded():
    reader = ResponseReader()
    reader.feed(b"x" * (LINE_LIMIT + 1))

    response = reader.take(has_content=True)
    assert response is not None
    assert response.status is Status.ODD
    assert len(response.octets) == LINE_LIMIT
    assert reader.left == b"x"


def test_what_is_left_can_be_given_away():
    reader = ResponseReader()
    reader.feed(b"+OK\r\nabc")
    assert reader.take(has_content=True) is None
    assert reader.left == b"+OK\r\nabc"

    assert reader.clear() == b"+OK\r\nabc"
    assert reader.left == b""
    reader.feed(b"+OK\r\n")
    assert reader.take(has_content=False) is not None


@pytest.mark.parametrize(
    ("text", "code"), [("[IN-USE] x", "IN-USE"), ("[sys/temp]", "SYS/TEMP"), ("no [AUTH]", "")]
)
def test_a_response_code_stands_in_front(text, code):
    response = Response(status=Status.ERR, text=text, octets=b"")

    assert response.code == code


def test_a_response_shows_its_first_line_and_not_its_content():
    reader = ResponseReader()
    reader.feed(b"+OK hello\r\nsecret\r\n.\r\n")
    response = reader.take(has_content=True)

    assert str(response) == "+OK hello"
    assert "secret" not in repr(response)
