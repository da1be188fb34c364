"""Paths, mailboxes, domains and literals, from tables."""

import itertools

import pytest

from harness.protocol.addresses import (
    NULL_PATH,
    ForwardPath,
    Mailbox,
    ReversePath,
    is_domain,
    is_domain_or_literal,
    quote,
    read_forward_path,
    read_reverse_path,
    unquote,
)
from harness.protocol.commands import Objection

ATEXT = "abcXYZ019!#$%&'*+-/=?^_`{|}~"

MAILBOXES = {
    "ordinary": ("<alice@example.test>", "alice", "example.test"),
    "dots": ("<a.b.c@example.test>", "a.b.c", "example.test"),
    "all of atext": (f"<{ATEXT}@example.test>", ATEXT, "example.test"),
    "case is kept": ("<Alice@Example.Test>", "Alice", "Example.Test"),
    "one label": ("<alice@localhost>", "alice", "localhost"),
    "digits": ("<7@8.9>", "7", "8.9"),
    "quoted": ('<"alice"@example.test>', "alice", "example.test"),
    "quoted blank": ('<"alice b"@example.test>', "alice b", "example.test"),
    "quoted @ and >": ('<"a@b>c"@example.test>', "a@b>c", "example.test"),
    "quoted dots": ('<"a..b."@example.test>', "a..b.", "example.test"),
    "quoted nothing": ('<""@example.test>', "", "example.test"),
    "quoted pair": (r'<"a\b\"\\c"@example.test>', r'ab"\c', "example.test"),
    "IPv4": ("<a@[127.0.0.1]>", "a", "[127.0.0.1]"),
    "IPv6": ("<a@[IPv6:2001:db8::1]>", "a", "[IPv6:2001:db8::1]"),
    "64 octets of local-part": (f"<{'x' * 64}@example.test>", "x" * 64, "example.test"),
    "more than 64, which need not be refused": (f"<{'x' * 200}@b>", "x" * 200, "b"),
}


@pytest.mark.parametrize(("text", "local", "domain"), MAILBOXES.values(), ids=MAILBOXES)
def test_a_path_holds_a_mailbox(text: str, local: str, domain: str):
    mailbox = Mailbox(local, domain)

    assert read_reverse_path(text.encode()) == ReversePath(mailbox)
    assert read_forward_path(text.encode()) == ForwardPath(mailbox)


@pytest.mark.parametrize(("text", "local", "domain"), MAILBOXES.values(), ids=MAILBOXES)
def test_what_is_written_is_read_as_the_same(text: str, local: str, domain: str):
    path = ForwardPath(Mailbox(local, domain))

    assert read_forward_path(f"<{path}>".encode()) == path


NO_PATHS = {
    "nothing": b"",
    "no brackets": b"alice@example.test",
    "no opening bracket": b"alice@example.test>",
    "no closing bracket": b"<alice@example.test",
    "something behind": b"<alice@example.test>x",
    "a line end behind": b"<alice@example.test>\n",
    "a name": b"Alice <alice@example.test>",
    "no domain": b"<alice>",
    "an empty domain": b"<alice@>",
    "no local-part": b"<@example.test>",
    "two @": b"<a@b@c>",
    "a dot first": b"<.a@example.test>",
    "a dot last": b"<a.@example.test>",
    "two dots": b"<a..b@example.test>",
    "a blank": b"<a b@example.test>",
    "a blank in the domain": b"<a@example .test>",
    "blanks inside": b"< a@example.test >",
    "a comma": b"<a,b@example.test>",
    "a parenthesis": b"<a(b)@example.test>",
    "a backslash": b"<a\\b@example.test>",
    "an open quote": b'<"a@example.test>',
    "a quote within": b'<a"b"@example.test>',
    "a bare quote in quotes": b'<"a"b"@example.test>',
    "a control character": b"<a\x01b@example.test>",
    "NUL in quotes": b'<"a\x00b"@example.test>',
    "a quoted control character": b'<"a\\\x01b"@example.test>',
    "a tab in quotes": b'<"a\tb"@example.test>',
    "DEL": b"<a\x7f@example.test>",
    "8-bit": b"<a\xff@example.test>",
    "UTF-8 that nobody allowed": "<jösé@example.test>".encode(),
    "UTF-8 in the domain": "<jose@exämple.test>".encode(),
    "underscore": b"<a@exam_ple.test>",
    "hyphen first": b"<a@-example.test>",
    "hyphen last": b"<a@example-.test>",
    "empty label": b"<a@example..test>",
    "dot behind the domain": b"<a@example.test.>",
    "an address without its brackets": b"<a@127.0.0.1:25>",
    "a literal that is none": b"<a@[127.0.0.256]>",
    "a route without a colon": b"<@b a@c>",
    "a route to a bad domain": b"<@b_c:a@d>",
    "a route to a literal": b"<@[127.0.0.1]:a@d>",
    "a route without @": b"<@b,c:a@d>",
    "an empty hop": b"<@b,:a@d>",
    "an empty route": b"<@:a@d>",
    "a route and no mailbox": b"<@b:>",
}


@pytest.mark.parametrize("octets", NO_PATHS.values(), ids=NO_PATHS)
def test_what_is_no_path_is_an_objection_that_knows_whose_address_it_is(octets: bytes):
    sender, recipient = read_reverse_path(octets), read_forward_path(octets)

    assert isinstance(sender, Objection)
    assert (sender.code, sender.enhanced) == (501, "5.1.7")
    assert isinstance(recipient, Objection)
    assert (recipient.code, recipient.enhanced) == (501, "5.1.3")


ROUTES = {
    "one hop": ("<@hop.example:a@b>", ("hop.example",)),
    "two hops": ("<@one.example,@two.example:a@b>", ("one.example", "two.example")),
    "quotes behind it": ('<@hop.example:"a:b,@c"@b>', ("hop.example",)),
}


@pytest.mark.parametrize(("text", "route"), ROUTES.values(), ids=ROUTES)
def test_a_source_route_is_read_and_set_aside(text: str, route: tuple[str, ...]):
    sender, recipient = read_reverse_path(text.encode()), read_forward_path(text.encode())

    assert isinstance(sender, ReversePath)
    assert isinstance(recipient, ForwardPath)
    assert sender.route == recipient.route == route
    assert "hop" not in str(recipient)


def test_the_null_path_sends_but_does_not_receive():
    assert read_reverse_path(b"<>") == NULL_PATH
    assert str(NULL_PATH) == ""
    assert isinstance(read_forward_path(b"<>"), Objection)


@pytest.mark.parametrize("octets", [b"<postmaster>", b"<Postmaster>", b"<POSTMASTER>"])
def test_the_postmaster_needs_no_domain_to_receive(octets: bytes):
    path = read_forward_path(octets)

    assert path == ForwardPath(Mailbox(octets[1:-1].decode(), ""))
    assert f"<{path}>".encode() == octets
    assert isinstance(read_reverse_path(octets), Objection)


INTERNATIONAL = {
    "local-part": ("<jösé@example.test>", Mailbox("jösé", "example.test")),
    "domain": ("<jose@bücher.example>", Mailbox("jose", "bücher.example")),
    "marks": ("<a@हिन्दी.test>", Mailbox("a", "हिन्दी.test")),
    "in quotes": ('<"jö é"@example.test>', Mailbox("jö é", "example.test")),
}


@pytest.mark.parametrize(("text", "mailbox"), INTERNATIONAL.values(), ids=INTERNATIONAL)
def test_utf8_is_read_where_it_is_allowed(text: str, mailbox: Mailbox):
    path = read_forward_path(text.encode(), utf8=True)

    assert path == ForwardPath(mailbox)
    assert str(path) == text[1:-1]


@pytest.mark.parametrize(
    "octets",
    [
        b"<j\xf6s@example.test>",
        "<a@ex\u2028ample.test>".encode(),
        "<a@ex\u2013ample.test>".encode(),
    ],
    ids=["not UTF-8", "a line separator in the domain", "a dash in the domain"],
)
def test_not_all_octets_are_international_addresses(octets: bytes):
    assert isinstance(read_forward_path(octets, utf8=True), Objection)


def test_the_reader_of_domains_can_be_another():
    asked: list[str] = []

    def read_domain(text: str) -> bool:
        asked.append(text)
        return True

    path = read_reverse_path(b"<@x_y:a@not_a..domain>", read_domain=read_domain)

    assert path == ReversePath(Mailbox("a", "not_a..domain"), ("x_y",))
    assert asked == ["not_a..domain", "x_y"]


LABEL = "x" * 63

DOMAINS = {
    "a": True,
    "example.test": True,
    "1.2.3.4": True,
    "xn--bcher-kva.example": True,
    "a-b--c.d": True,
    LABEL: True,
    LABEL + "x": False,
    f"{LABEL}.{LABEL}.{LABEL}.{LABEL}": True,
    f"{LABEL}.{LABEL}.{LABEL}.{LABEL}.x": False,
    "": False,
    ".": False,
    "a.": False,
    ".a": False,
    "a..b": False,
    "-a": False,
    "a-": False,
    "-": False,
    "a_b": False,
    "a b": False,
    "a\n": False,
    "ä": False,
    "\ufffd": False,
    "[127.0.0.1]": False,
}


@pytest.mark.parametrize(("text", "is_one"), DOMAINS.items())
def test_a_domain_is_letters_digits_and_hyphens_between_dots(text: str, is_one: bool):
    assert is_domain(text) is is_one


LITERALS = {
    "[127.0.0.1]": True,
    "[255.255.255.255]": True,
    "[001.02.3.0]": True,  # Snum is 1*3DIGIT
    "[256.0.0.1]": False,
    "[1.2.3]": False,
    "[1.2.3.4.5]": False,
    "[1.2.3.]": False,
    "[0001.2.3.4]": False,
    "[1.2.3.4": False,
    "1.2.3.4]": False,
    "[]": False,
    "[ 1.2.3.4]": False,
    "[IPv6:1:2:3:4:5:6:7:8]": True,
    "[ipv6:a:B:c:D:e:F:0:1]": True,
    "[IPv6:1:2:3:4:5:6:7]": False,
    "[IPv6:1:2:3:4:5:6:7:8:9]": False,
    "[IPv6:12345:2:3:4:5:6:7:8]": False,
    "[IPv6:g:2:3:4:5:6:7:8]": False,
    "[IPv6:::]": True,
    "[IPv6:::1]": True,
    "[IPv6:1::]": True,
    "[IPv6:1:2:3::4:5:6]": True,
    "[IPv6:1:2:3::4:5:6:7]": False,  # "::" would be one group
    "[IPv6:1::2::3]": False,
    "[IPv6::1]": False,
    "[IPv6:1:]": False,
    "[IPv6::::]": False,
    "[IPv6:1:2:3:4:5:6:127.0.0.1]": True,
    "[IPv6:1:2:3:4:5:127.0.0.1]": False,
    "[IPv6:::127.0.0.1]": True,
    "[IPv6:::ffff:127.0.0.1]": True,
    "[IPv6:1:2::3:4:127.0.0.1]": True,
    "[IPv6:1:2::3:4:5:127.0.0.1]": False,
    "[IPv6:::127.0.0.256]": False,
    "[IPv6:127.0.0.1]": False,
    "[IPv6:127.0.0.1:::]": False,
    "[IPv6:fe80::1%eth0]": False,
    "[::1]": False,
    "[X-tag:anything!]": True,
    "[x:a[b]": False,
    "[x:a\\b]": False,
    "[x:a b]": False,
    "[x:]": False,
    "[x-:y]": False,
    "example.test": True,
    "exa_mple.test": False,
}


@pytest.mark.parametrize(("text", "is_one"), LITERALS.items())
def test_an_address_literal_is_an_address_in_brackets(text: str, is_one: bool):
    assert is_domain_or_literal(text) is is_one


QUOTES = {
    "atoms": ("a.b", "a.b"),
    "a blank": ("a b", '"a b"'),
    "a dot first": (".a", '".a"'),
    "a quote and a backslash": ('a"\\', r'"a\"\\"'),
    "nothing": ("", '""'),
}


@pytest.mark.parametrize(("meant", "written"), QUOTES.values(), ids=QUOTES)
def test_a_local_part_is_quoted_no_more_than_it_must(meant: str, written: str):
    assert quote(meant) == written
    assert unquote(written) == meant


def test_all_quoted_forms_are_equal():
    forms = ["ab", '"ab"', r'"a\b"', r'"\a\b"', r'"\ab"']

    assert {unquote(form) for form in forms} == {"ab"}


def test_every_short_local_part_survives_quoting():
    for characters in itertools.product('a." \\@>', repeat=3):
        local = "".join(characters)
        path = ForwardPath(Mailbox(local, "b"))

        assert read_forward_path(f"<{path}>".encode()) == path


@pytest.mark.parametrize(
    "octets",
    [b"<" + b"a." * 5000, b'<"' + b"\\" * 5000, b"<@" + b"a," * 5000, b"<a@" + b"-" * 5000],
)
def test_no_path_takes_long(octets: bytes):
    assert isinstance(read_reverse_path(octets + b">"), Objection)


# --- words ---------------------------------------------------------------------------------------

# what stands in place of an address -> what is said of it
WORDS = {
    "alice@b.test": "Not an address in angle brackets",
    "<": "Not an address in angle brackets",
    "<alice@b.test": "Not an address in angle brackets",
    "<alice>": "No @ and no domain: an address is <local-part@domain>",
    "<@b.test>": "Nothing before the @",
    "<@>": "Nothing before the @",
    "<a..b@b.test>": "Not a local-part before the @",
    "<al ice@b.test>": "Not a local-part before the @",
    "<alice@>": "Not a domain or address literal",
    "<alice@b_c.test>": "Not a domain or address literal",
    "<@x_y:alice@b.test>": "Not a source route",
}


@pytest.mark.parametrize(("text", "words"), WORDS.items())
def test_who_is_refused_is_told_what_is_wrong(text: str, words: str):
    assert read_forward_path(text.encode()) == Objection(501, "5.1.3", words)
    assert read_reverse_path(text.encode()) == Objection(501, "5.1.7", words)


def test_only_mail_may_come_from_nobody():
    assert read_forward_path(b"<>") == Objection(501, "5.1.3", "No address")
