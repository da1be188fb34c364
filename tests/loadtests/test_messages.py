from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.protocol.replies import Capabilities
from harness.protocol.sender import Envelope
from harness.protocol.transparency import unstuff
from loadtests.messages import SMALLEST, Content, Mail, make_contents, make_envelopes, token


def contents(
    seed: int = 1, size: int = 1024, recipient: str = "bob@example.test"
) -> tuple[Content, ...]:
    return make_contents(
        seed, size=size, sender="alice@example.test", recipient=recipient, host="client.test"
    )


def read_back(content: Content, word: bytes) -> bytes:
    octets = content.with_token(word)
    assert octets.endswith(b"\r\n.\r\n")
    return unstuff(octets[: -len(b".\r\n")])


@pytest.mark.parametrize("size", [*range(SMALLEST, SMALLEST + 170), 1024, 10_240, 1_000_003])
def test_a_content_has_exactly_the_size_asked_for(size: int):
    for content in contents(size=size)[:2]:
        assert len(read_back(content, token(1, 2, 3))) == size


def test_lines_are_short_and_end_in_crlf():
    for content in contents(size=20_000):
        lines = read_back(content, token(1, 1, 1)).split(b"\r\n")

        assert lines[-1] == b""
        assert max(map(len, lines)) < 79
        assert not any(b"\r" in line or b"\n" in line for line in lines)


def test_the_same_seed_gives_the_same_octets_and_another_seed_others():
    assert contents(seed=5) == contents(seed=5)
    assert contents(seed=5) != contents(seed=6)


def test_the_token_is_found_in_the_message_and_tokens_differ():
    words = {token(1, sender, serial) for sender in range(20) for serial in range(50)}

    assert len(words) == 1000
    assert len({len(word) for word in words}) == 1
    for word in list(words)[:10]:
        assert word in contents()[0].with_token(word)


def test_some_lines_begin_with_a_dot_and_go_out_with_two():
    octets = b"".join(content.with_token(token(1, 1, 1)) for content in contents(size=20_000))

    assert b"\r\n.." in octets


def test_a_sender_takes_turns_with_several_contents_unless_they_are_huge():
    assert len(set(contents())) > 1
    assert len(contents(size=6_000_000)) == 1


def test_header_addresses_have_a_domain_even_for_the_bare_postmaster():
    assert b"To: <postmaster@client.test>" in contents(recipient="postmaster")[0].with_token(b"t")


def test_a_size_that_cannot_hold_the_header_is_wrong_use():
    with pytest.raises(UsageError, match="their header alone has"):
        contents(size=100)


PLAIN = Capabilities("here.test")
SIZED = Capabilities("here.test", {"SIZE": ()})


def mail(seed: int = 1) -> Mail:
    envelopes = make_envelopes("a@x.test", ["b@y.test", "c@y.test"], 1)
    return Mail(seed, size=1024, sender="a@x.test", envelopes=envelopes, host="client.test")


def test_every_recipient_of_the_pool_is_first_in_one_envelope():
    assert make_envelopes("", ["a@x", "b@x", "c@x"], 2) == (
        Envelope("", ("a@x", "b@x")),
        Envelope("", ("b@x", "c@x")),
        Envelope("", ("c@x", "a@x")),
    )


def test_a_sender_sends_the_same_for_the_same_seed_and_takes_turns():
    first, second = (list(mail().messages(3, range(20), PLAIN)) for _ in range(2))

    assert [one.octets for one in first] == [one.octets for one in second]
    assert len({one.octets for one in first}) == 20
    assert {one.opening.recipients for one in first} == {("b@y.test",), ("c@y.test",)}


def test_what_mail_says_depends_on_the_server():
    sized, plain = (next(mail().messages(1, [0], offer)) for offer in (SIZED, PLAIN))

    assert sized.opening.steps[0].octets == b"MAIL FROM:<a@x.test> SIZE=1024\r\n"
    assert plain.opening.steps[0].octets == b"MAIL FROM:<a@x.test>\r\n"
