"""What must have arrived: `delivered:`, `not_delivered:`, `bounced:`."""

from __future__ import annotations

import pytest

from harness.documents import Complaints, Fields, parse
from harness.transcripts.receipts import Receipts
from harness.transcripts.templates import Names
from harness.transcripts.wants import Delivered, ReceivedWant, Template, Variable
from tests.transcripts.written import case, read, told

NAMES = Names({"bob@b.c": "recipient"})


def receipts(text: str) -> tuple[Delivered, ...]:
    complaints = Complaints()
    root = parse(text, "x", complaints)
    found = Receipts(NAMES, complaints).delivered(Fields(root, complaints), "delivered")
    assert list(complaints) == []
    return found


def octets(template: Template | None) -> bytes | None:
    if template is None:
        return None
    return b"".join(
        piece if isinstance(piece, bytes) else b"<%s>" % str(getattr(piece, "name", "")).encode()
        for piece in template.pieces
    )


BODIES = {
    "a block": ("body: |\n    .a\n\n    {token}\n", b".a\r\n\r\n<token>\r\n"),
    "a block without its end": ("body: |-\n    a\n", b"a\r\n"),
    "a block with blank lines behind": ("body: |+\n    a\n\n", b"a\r\n\r\n"),
    "a text": ("body: a", b"a\r\n"),
    "a text with its line end": ('body: "a\\n"', b"a\r\n"),
    "a text of two lines": ('body: "a\\n\\nb"', b"a\r\n\r\nb\r\n"),
    "nothing": ('body: ""', b""),
    "names are exchanged": ("body: to bob@b.c", b"to <recipient>\r\n"),
    "octets": (r"body!: '.\r\n.dot\r\n'", b".\r\n.dot\r\n"),
    "no octets": ("body!: ''", b""),
    "octets in a block": ("body!: |\n    a\\r\\n\n    b\\x00\n", b"a\r\nb\0"),
}


@pytest.mark.parametrize(("text", "body"), BODIES.values(), ids=BODIES)
def test_a_body_is_what_must_stand_in_the_mailbox(text, body):
    (item,) = receipts(f"delivered:\n  {text}")

    assert octets(item.body) == body
    assert item.content is None


def test_a_whole_message_may_be_given_as_octets():
    (item,) = receipts(r"delivered: {content!: 'A: b\r\n\r\n'}")

    assert octets(item.content) == b"A: b\r\n\r\n"
    assert item.body is None


def test_everything_that_can_be_said_of_a_delivery():
    one, two = receipts("""
delivered:
  - to: "{recipient2}"
    count: 2
    header: {Subject: "x {token}", X-To: bob@b.c}
    return_path: ""
    received: {count: 1, with: ESMTP, matches: "^from {our_name} x{2}", lacks: for}
    unchanged: {header: [Received, Subject]}
    fields: {Return-Path: 1, Bcc: 0}
    lacks: "{recipient}"
  - received: {}
    unchanged: {header: Received}
""")

    assert octets(one.to) == b"<recipient2>"
    assert (one.count, two.count) == (2, 1)
    assert {name: octets(it) for name, it in one.header.items()} == {
        "Subject": b"x <token>", "X-To": b"<recipient>"
    }  # fmt: skip
    assert octets(one.return_path) == b""
    assert one.received
    assert (one.received.count, one.received.with_) == (1, "ESMTP")
    assert octets(one.received.matches) == b"^from <our_name> x{2}"
    assert octets(one.received.lacks) == b"for"
    assert one.fields == {"Return-Path": 1, "Bcc": 0}
    assert octets(one.lacks) == b"<recipient>"
    assert one.unchanged == ("Received", "Subject")
    assert (two.to, two.return_path, two.received) == (None, None, ReceivedWant())
    assert two.unchanged == ("Received",)
    assert two.at.line == 11


@pytest.mark.parametrize(
    ("said", "is_optional"),
    [("{lacks: x}", True), ("{lacks: x, with: SMTP}", False), ("{}", False), ("{count: 1}", False)],
)
def test_a_received_field_need_not_be_there_where_it_is_told_what_it_must_not_be(said, is_optional):
    (item,) = receipts(f"delivered: {{received: {said}}}")

    assert item.received
    assert item.received.is_optional is is_optional


def test_nothing_said_is_nothing_wanted():
    assert case("C: x").delivered == ()
    (item,) = case("C: x", "not_delivered: {}").not_delivered
    assert (item.count, item.received, item.unchanged, item.body) == (1, None, (), None)


def test_a_bounce_comes_to_somebody():
    (item,) = case(
        "C: x", "bounced: {to: '{bounce}', count: 0, status: 5.1.1, return_path: ''}"
    ).bounced

    assert item.to.pieces[0] == Variable("bounce", next(item.to.variables).at)
    assert (item.count, item.status, octets(item.return_path)) == (0, "5.1.1", b"")
    assert case("C: x", "bounced: {to: a@b}").bounced[0].count == 1


WRONG = {
    "delivered:": "'delivered' must be a mapping: `key: value` lines",
    "delivered: {bdy: x}": "unknown key 'bdy' (did you mean 'body'?)",
    "delivered: {content: x}": "unknown key 'content' (did you mean 'content!'?)",
    "delivered: {to: {recipient}}": 'a mapping where text is wanted (quote it: "{recipient}")',
    "delivered: {to: '{recipent}'}": "unknown variable 'recipent' (did you mean 'recipient'?)",
    "delivered: {body: a, body!: b}": "the body is given twice (one of body, body! and content!)",
    "delivered: {count: 0}": "'count' must be at least 1",
    "delivered: {count: some}": "'count' must be a whole number, not 'some'",
    "delivered: {received: 1}": "'received' must be a mapping: `key: value` lines",
    "delivered: {received: {matches: '['}}": (
        "not a regular expression: unterminated character set at position 0"
    ),
    "delivered: {received: {lacks: '{recipent}'}}": (
        "unknown variable 'recipent' (did you mean 'recipient'?)"
    ),
    "delivered: {fields: {Bcc: none}}": "'Bcc' must be a whole number, not 'none'",
    "delivered: {received: {whith: ESMTP}}": "unknown key 'whith' (did you mean 'with'?)",
    "delivered: {unchanged: {headers: A}}": "unknown key 'headers' (did you mean 'header'?)",
    r"delivered: {body!: 'a\q'}": r"unknown escape \q (there are \r \n \t \0 \\ \xHH)",
    "bounced: {count: 1}": "'bounced' has no 'to'",
    "bounced: {to: a, status: failed}": "'failed' is no status (such as 5.1.1)",
}


@pytest.mark.parametrize("keys", WRONG)
def test_what_is_wrong_is_one_complaint(keys):
    assert told("C: x", keys) == [WRONG[keys]]


def test_what_the_dialogue_sets_is_known_to_what_is_delivered():
    assert told("C: {fill 99 as long}", "delivered: {body: '{long}'}") == []
    assert told("C: x\nS: 250\n  on 250:\n    C: {fill 9 as x}", "delivered: {body: '{x}'}") == []


def test_a_mistake_in_a_body_stands_at_its_line():
    _, complaints = read("""
        suite: s
        cases:
          - id: a
            dialogue: |
              C: x
            delivered:
              body: |
                one

                two {nix}
    """)

    assert [it.at.exactly for it in complaints] == ["x.smtp.yaml:11:13"]
