from __future__ import annotations

import random
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.protocol.transparency import unstuff
from loadtests.mail.drafts import Draft, drafts_of, write_drafts
from loadtests.profile import Span
from loadtests.profile.values import SMALLEST

ALICE = "alice@example.test"
TOKEN = b"load-00000001-00000002-000000003-01234567"


def drafts(
    seed: int = 1,
    size: int | Span = 1024,
    recipient: str = "bob@example.test",
    senders: tuple[str, ...] = (ALICE,),
) -> tuple[Draft, ...]:
    span = size if isinstance(size, Span) else Span(size, size)
    source = random.Random(seed)
    return write_drafts(source, size=span, senders=senders, recipient=recipient, host="client.test")


def over_the_wire(draft: Draft) -> bytes:
    octets = TOKEN.join(draft.head) + draft.stuffed
    assert octets.endswith(b"\r\n.\r\n")
    return unstuff(octets[: -len(b".\r\n")])


@pytest.mark.parametrize("size", [*range(SMALLEST, SMALLEST + 170), 1024, 10_240, 1_000_003])
def test_a_message_has_exactly_the_size_asked_for(size: int):
    for draft in drafts(size=size)[:2]:
        assert len(draft.content(TOKEN)) == draft.size == size


@pytest.mark.parametrize("size", [SMALLEST, 20_000])
def test_what_goes_over_the_wire_arrives_as_it_was_meant(size: int):
    for draft in drafts(size=size):
        assert over_the_wire(draft) == draft.content(TOKEN)


def test_sizes_of_a_spread_are_even_over_it_and_in_no_order():
    sizes = [draft.size for draft in drafts(size=Span(1_000, 65_000))]

    assert len(sizes) == 64
    assert sorted(size // 1_000 for size in sizes) == list(range(1, 65))
    assert sizes != sorted(sizes)
    assert sizes == [draft.size for draft in drafts(size=Span(1_000, 65_000))]


@pytest.mark.slow
def test_of_large_messages_there_are_as_few_as_fit_into_the_memory():
    assert len(drafts()) > 1
    assert len(drafts(size=6_000_000)) == 1
    assert len(drafts(size=Span(1_000, 1_000_000))) == 16
    assert len(drafts(size=Span(1_000, 12_000_000))) == 4


def test_lines_are_short_and_end_in_crlf():
    for draft in drafts(size=20_000):
        lines = draft.content(TOKEN).split(b"\r\n")

        assert lines[-1] == b""
        assert max(map(len, lines)) < 79
        assert not any(b"\r" in line or b"\n" in line for line in lines)


def test_the_same_seed_gives_the_same_octets_and_another_seed_others():
    assert drafts(seed=5) == drafts(seed=5)
    assert drafts(seed=5) != drafts(seed=6)


def test_the_token_stands_in_subject_and_message_id():
    lines = drafts()[0].content(TOKEN).split(b"\r\n")

    assert b"Subject: " + TOKEN in lines
    assert b"Message-ID: <" + TOKEN + b"@client.test>" in lines


def test_some_lines_begin_with_a_dot_and_go_out_with_two():
    assert b"\r\n.." in b"".join(draft.stuffed for draft in drafts(size=20_000))


def test_every_sender_has_a_message_that_is_from_it_and_just_as_long():
    senders = tuple(f"user{number}@example.test" for number in range(8, 13))
    made = drafts(senders=senders)

    assert {draft.sender for draft in made} == set(senders)
    for draft in made:
        assert draft.head[0].startswith(f"From: <{draft.sender}>\r\n".encode())
        assert draft.size == 1024


def test_many_senders_share_few_texts():
    made = drafts(senders=tuple(f"user{number}@example.test" for number in range(1000, 2000)))

    assert len(made) == 1000
    assert len({id(draft.text) for draft in made}) == 8


@pytest.mark.parametrize(
    ("sender", "recipient", "field"),
    [
        ("", "bob@example.test", b"From: <postmaster@client.test>"),
        (ALICE, "postmaster", b"To: <postmaster@client.test>"),
    ],
)
def test_header_addresses_have_a_domain(sender: str, recipient: str, field: bytes):
    assert field in drafts(senders=(sender,), recipient=recipient)[0].content(TOKEN)


def test_a_size_that_cannot_hold_the_header_is_wrong_use():
    with pytest.raises(UsageError, match="of 100 octets are too small: their header alone has"):
        drafts(size=100)


def test_messages_from_files_go_out_as_they_are_below_their_token(tmp_path: Path):
    path = tmp_path / "one.eml"
    path.write_bytes(b".first: line\n\n.dot\nlast")
    (draft,) = drafts_of((path,), (ALICE,))

    wanted = b"X-Load-Token: " + TOKEN + b"\r\n.first: line\r\n\r\n.dot\r\nlast\r\n"
    assert draft.content(TOKEN) == wanted
    assert draft.size == len(draft.telling) == len(wanted)
    assert over_the_wire(draft) == wanted


def test_each_file_and_each_sender_has_its_turn(tmp_path: Path):
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.eml").write_text(f"Subject: {name}\n\n")
    made = drafts_of((tmp_path / "a.eml", tmp_path), ("x@test", "y@test"))

    assert [draft.text[9:10] for draft in made] == [b"a", b"a", b"b", b"c"]
    assert [draft.sender[0] for draft in made] == ["x", "y", "x", "y"]
