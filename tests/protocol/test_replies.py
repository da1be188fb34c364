"""Replies: read at every cut, judged apart."""

import pytest

from harness.protocol.replies import (
    LINE_LIMIT,
    REPLY_LIMIT,
    Capabilities,
    EnhancedCode,
    Fault,
    Reply,
    ReplyReader,
    capability_faults,
    grammar_faults,
    number,
    plain_reply,
    read_capabilities,
    reply,
)

# octets -> the codes, lines and faults of the replies in them, and what is left
Row = tuple[bytes, list[tuple[int, tuple[str, ...], set[Fault]]], bytes]

REPLIES: dict[str, Row] = {
    "one line": (b"250 ok\r\n", [(250, ("ok",), set())], b""),
    "a code alone": (b"250\r\n", [(250, ("",), set())], b""),
    "a code and a blank": (b"334 \r\n", [(334, ("",), set())], b""),
    "several lines": (b"250-a\r\n250-b\r\n250 c\r\n", [(250, ("a", "b", "c"), set())], b""),
    "lines without text": (b"250-\r\n250\r\n", [(250, ("", ""), set())], b""),
    "two replies": (
        b"250 ok\r\n354-go\r\n354 on\r\n",
        [(250, ("ok",), set()), (354, ("go", "on"), set())],
        b"",
    ),
    "the beginning of another": (b"250 ok\r\n354 go", [(250, ("ok",), set())], b"354 go"),
    "half of several lines": (b"250-a\r\n250-b", [], b"250-a\r\n250-b"),
    "nothing": (b"", [], b""),
    "a code that nobody knows": (b"299 hm\r\n", [(299, ("hm",), set())], b""),
    "a second digit too high": (b"260 hm\r\n", [(260, ("hm",), set())], b""),
    "bare LF": (b"250 ok\n", [(250, ("ok",), {Fault.BARE_LF})], b""),
    "bare LF within": (b"250-a\n250 b\r\n", [(250, ("a", "b"), {Fault.BARE_LF})], b""),
    "CR CR LF": (b"250 ok\r\r\n", [(250, ("ok", ""), {Fault.BARE_CR})], b""),
    "bare CR within": (b"250 a\rb\r\n", [(250, ("a", "b"), {Fault.BARE_CR})], b""),
    "no code": (b"hello\r\n", [(0, ("hello",), {Fault.BAD_LINE})], b""),
    "an empty line": (b"\r\n", [(0, ("",), {Fault.BAD_LINE})], b""),
    "four digits": (b"2500 ok\r\n", [(0, ("2500 ok",), {Fault.BAD_LINE})], b""),
    "a code stuck to its text": (b"250ok\r\n", [(0, ("250ok",), {Fault.BAD_LINE})], b""),
    "a tab for a blank": (b"250\tok\r\n", [(0, ("250\tok",), {Fault.BAD_LINE})], b""),
    "a first digit too low": (b"150 hm\r\n", [(0, ("150 hm",), {Fault.BAD_LINE})], b""),
    "a first digit too high": (b"650 hm\r\n", [(0, ("650 hm",), {Fault.BAD_LINE})], b""),
    "a blank before the code": (b" 250 ok\r\n", [(0, (" 250 ok",), {Fault.BAD_LINE})], b""),
    "no code within": (b"250-a\r\nb\r\n250 c\r\n", [(250, ("a", "b", "c"), {Fault.BAD_LINE})], b""),
    "the last line decides": (
        b"250-a\r\n550 b\r\n",
        [(550, ("a", "b"), {Fault.CODE_CHANGED})],
        b"",
    ),
    "the code changes within": (
        b"250-a\r\n550-b\r\n250 c\r\n",
        [(250, ("a", "b", "c"), {Fault.CODE_CHANGED})],
        b"",
    ),
    "512 octets": (b"250 " + b"x" * 506 + b"\r\n", [(250, ("x" * 506,), set())], b""),
    "513 octets": (b"250 " + b"x" * 507 + b"\r\n", [(250, ("x" * 507,), {Fault.TOO_LONG})], b""),
    "a tab in the text": (b"250 a\tb\r\n", [(250, ("a\tb",), set())], b""),
    "UTF-8": ("250 mañana\r\n".encode(), [(250, ("mañana",), set())], b""),
    "Latin-1": (b"250 ma\xf1ana\r\n", [(250, (r"ma\xf1ana",), {Fault.NOT_TEXT})], b""),
    "a control character": (b"250 a\x00b\r\n", [(250, ("a\x00b",), {Fault.NOT_TEXT})], b""),
    "DEL": (b"250 a\x7f\r\n", [(250, ("a\x7f",), {Fault.NOT_TEXT})], b""),
}


def read(segments: list[bytes]) -> tuple[list[Reply], bytes]:
    reader = ReplyReader()
    replies = []
    for segment in segments:
        reader.feed(segment)
        while (taken := reader.take()) is not None:
            replies.append(taken)
    assert reader.is_midway is bool(reader.left)
    return replies, reader.left


ODD = {
    "half": b"250 o",
    "two": b"250 a\r\n250 b\r\n",
    "too long": b"250 " + b"x" * 507 + b"\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("octets", [row[0] for row in REPLIES.values()] + list(ODD.values()))
def test_one_line_with_nothing_odd_is_read_at_once_as_the_reader_does(octets):
    reader = ReplyReader()
    reader.feed(octets)
    slowly, left = reader.take(), reader.left
    plainly = plain_reply(octets)

    is_plain = slowly is not None and not left and not slowly.faults and octets.isascii()
    assert plainly == (slowly if is_plain and octets[3:4] == b" " else None)


@pytest.mark.parametrize(("octets", "expected", "left"), REPLIES.values(), ids=REPLIES)
def test_replies_are_read_the_same_wherever_the_network_cuts_them(
    octets: bytes, expected: list[tuple[int, tuple[str, ...], set[Fault]]], left: bytes
):
    halves = [[octets[:cut], octets[cut:]] for cut in range(len(octets) + 1)]
    for segments in [*halves, [bytes([octet]) for octet in octets]]:
        replies, rest = read(segments)

        assert [(r.code, r.lines, set(r.faults)) for r in replies] == expected
        assert b"".join(r.octets for r in replies) + rest == octets
        assert rest == left


def test_clearing_gives_away_what_is_left_and_forgets_it():
    reader = ReplyReader()
    reader.feed(b"250-a\r\n250-b\r\n25")
    assert reader.take() is None

    assert reader.clear() == b"250-a\r\n250-b\r\n25"
    assert reader.left == b""
    reader.feed(b"220 new\r\n")
    assert reader.take() == reply(220, "new")


def test_a_line_that_never_ends_is_a_reply_with_a_fault():
    reader = ReplyReader()
    reader.feed(b"250 " + b"x" * LINE_LIMIT)

    endless = reader.take()

    assert endless is not None
    assert endless.code == 250
    assert Fault.ENDLESS in endless.faults
    assert reader.left == b""


def test_a_line_at_the_limit_is_waited_for():
    reader = ReplyReader()
    reader.feed(b"250 " + b"x" * (LINE_LIMIT - 4))

    assert reader.take() is None


def test_a_reply_that_never_ends_is_a_reply_with_a_fault():
    reader = ReplyReader()
    line = b"250-" + b"x" * 506 + b"\r\n"
    reader.feed(line * (REPLY_LIMIT // len(line) + 1) + b"250 ")

    endless = reader.take()

    assert endless is not None
    assert endless.code == 250
    assert endless.faults == {Fault.ENDLESS}
    assert reader.left == b"250 "


MADE = {
    "one line": (reply(250, "ok"), b"250 ok\r\n"),
    "no text": (reply(334), b"334 \r\n"),
    "several lines": (reply(250, "a", "b"), b"250-a\r\n250 b\r\n"),
    "an enhanced code on each line": (
        reply(550, "a", "b", enhanced="5.1.1"),
        b"550-5.1.1 a\r\n550 5.1.1 b\r\n",
    ),
    "octets that are no text": (reply(250, "\udcff"), b"250 \xff\r\n"),
}


@pytest.mark.parametrize(("made", "octets"), MADE.values(), ids=MADE)
def test_a_reply_that_is_made_is_read_as_the_same(made: Reply, octets: bytes):
    assert made.octets == octets
    assert read([octets])[0][0].octets == octets


ENHANCED = {
    "one": (reply(250, "2.1.0 ok"), EnhancedCode(2, 1, 0)),
    "alone": (reply(250, "2.1.0"), EnhancedCode(2, 1, 0)),
    "three digits": (reply(550, "5.100.999 no"), EnhancedCode(5, 100, 999)),
    "none": (reply(250, "ok"), None),
    "not first": (reply(250, "ok 2.1.0"), None),
    "stuck": (reply(250, "2.1.0ok"), None),
    "a class that is none": (reply(350, "3.1.0 ok"), None),
    "no line at all": (Reply(0, b""), None),
}


@pytest.mark.parametrize(("said", "code"), ENHANCED.values(), ids=ENHANCED)
def test_an_enhanced_code_opens_the_text(said: Reply, code: EnhancedCode | None):
    assert said.enhanced == code
    assert code is None or str(said.lines[0]).startswith(str(code))


@pytest.mark.parametrize(
    ("code", "is_positive"), [(0, False), (220, True), (354, True), (421, False), (550, False)]
)
def test_done_and_go_on_are_positive(code: int, is_positive: bool):
    assert Reply(code, b"").is_positive is is_positive


def test_a_reply_shows_as_its_code_and_lines():
    assert str(reply(250, "a", "b")) == "250 a / b"
    assert str(reply(354)) == "354"


STRICT = {
    b"250 ok\r\n": (),
    b"250\r\n": (),  # Reply-code [ SP textstring ]
    b"250-\r\n250 a\r\n": (),
    b"250 \r\n": ("a blank follows the code, and no text",),
    b"250-a\r\n250 \r\n": ("a blank follows the code, and no text",),
    b"334 \r\n": (),
    b"334\r\n": ("no blank follows the code of a challenge (RFC 4954 4)",),
    b"334 " + b"x" * 600 + b"\r\n": (),
    b"250 " + b"x" * 600 + b"\r\n": ("a line is longer than 512 octets",),
    b"260 a\r\n": ("the second digit of the code is above 5",),
    b"250 a\n": ("a line ends in LF without CR",),
    b"a\r\n": ("a line does not begin with a reply code",),
    "250 mañana\r\n".encode(): ("a line holds octets that are not US-ASCII",),
    b"250 \xf1\r\n": (Fault.NOT_TEXT.value,),
}


@pytest.mark.parametrize(("octets", "faults"), STRICT.items())
def test_the_strict_grammar_is_told_in_words(octets: bytes, faults: tuple[str, ...]):
    (said,), _ = read([octets])

    assert grammar_faults(said) == faults


def test_utf8_is_text_where_it_is_in_use():
    assert grammar_faults(reply(250, "mañana"), utf8=True) == ()


CAPABILITIES = {
    "name alone": (reply(250, "mx.example"), Capabilities("mx.example")),
    "name and greeting": (reply(250, "mx.example hello, you"), Capabilities("mx.example")),
    "keywords": (
        reply(250, "mx.example", "size 100", "AUTH plain LOGIN", "PIPELINING"),
        Capabilities(
            "mx.example", {"SIZE": ("100",), "AUTH": ("plain", "LOGIN"), "PIPELINING": ()}
        ),
    ),
    "an odd keyword": (
        reply(250, "mx.example", "AUTH=PLAIN LOGIN"),
        Capabilities("mx.example", {"AUTH=PLAIN": ("LOGIN",)}),
    ),
    "an empty line": (
        reply(250, "mx.example", "", "SIZE"),
        Capabilities("mx.example", {"SIZE": ()}),
    ),
    "nothing": (Reply(0, b""), Capabilities("")),
}


@pytest.mark.parametrize(("said", "capabilities"), CAPABILITIES.values(), ids=CAPABILITIES)
def test_the_answer_to_ehlo_lists_capabilities(said: Reply, capabilities: Capabilities):
    assert read_capabilities(said) == capabilities


def test_capabilities_are_asked_by_keyword():
    capabilities = read_capabilities(reply(250, "mx.example", "pipelining", "AUTH Plain x"))

    assert "PIPELINING" in capabilities
    assert "SIZE" not in capabilities
    assert capabilities.mechanisms == ("PLAIN", "X")
    assert Capabilities("mx.example").mechanisms == ()


EHLO = {
    b"250 mx.example\r\n": (),
    b"250 [127.0.0.1] hello\r\n": (),
    b"250-mx.example at your service\r\n250-SIZE 100\r\n250 8BITMIME\r\n": (),
    b"250-mx.example\r\n250 X-TAG !~ a=b\r\n": (),
    b"250 *** hello\r\n": ("the first word is no domain: '*** hello'",),
    b"250\r\n": ("the first word is no domain: ''",),
    b"250-mx.example\r\n250 AUTH=PLAIN LOGIN\r\n": (
        "not a keyword with its parameters: 'AUTH=PLAIN LOGIN'",
    ),
    b"250-mx.example\r\n250-\r\n250 SIZE  1\r\n": (
        "not a keyword with its parameters: ''",
        "not a keyword with its parameters: 'SIZE  1'",
    ),
    b"251 mx.example\r\n": ("the code is 251, not 250",),
    b"250-mx.example\n250 SIZE\r\n": ("a line ends in LF without CR",),
}


@pytest.mark.parametrize(("octets", "faults"), EHLO.items())
def test_the_grammar_of_the_answer_to_ehlo_is_told_in_words(octets: bytes, faults: tuple[str, ...]):
    (said,), _ = read([octets])

    assert capability_faults(said) == faults


def test_an_answer_without_lines_has_no_domain():
    assert "the first word is no domain: ''" in capability_faults(Reply(250, b""))


def test_a_long_reply_is_cut_in_a_sentence():
    long = reply(250, *["hello"] * 1000)

    assert str(long).startswith("250 hello / hello / ")
    assert str(long).endswith("...")
    assert len(str(long)) < 400


NUMBERS = {
    "0": 0,
    "007": 7,
    "9" * 20: int("9" * 20),
    "9" * 5_000: None,
    "\u0663": None,
    "-1": None,
    "": None,
}


@pytest.mark.parametrize(("word", "value"), NUMBERS.items())
def test_a_number_is_as_long_as_a_size_may_be(word, value):
    assert number(word) == value
