from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.accounting.tokens import PATTERN
from harness.errors import NotOffered
from harness.protocol.replies import Capabilities
from harness.protocol.transparency import unstuff
from harness.target import Target, read_address
from loadtests.mail import Letter, Mail
from loadtests.mail.rounds import KEPT
from loadtests.profile import Behaviour, Profile, Span, Whom, read_profile

TARGET = Target(
    address=read_address("smtp://127.0.0.1:2525"),
    sender="a@x.test",
    recipients=("b@y.test", "c@y.test"),
    unknown_recipient="nobody@y.test",
)
PLAIN = Capabilities("here.test")
SIZED = Capabilities("here.test", {"SIZE": ()})
EIGHT = Capabilities("here.test", {"8BITMIME": (), "CHUNKING": (), "BINARYMIME": ()})


def behaviour(name: str = "bulk", **changes: Any) -> Behaviour:
    return Behaviour(name=name, **changes)


def mail(*behaviours: Behaviour, seed: int = 1, target: Target = TARGET) -> Mail:
    profile: Profile = replace(read_profile("smoke"), seed=seed)
    return Mail(replace(profile, behaviours=behaviours or (behaviour(),)), target)


def letters(
    made: Mail,
    count: int | Iterable[int] = 20,
    *,
    by: Behaviour | None = None,
    sender: int = 3,
    offer: Capabilities = PLAIN,
) -> list[Letter]:
    serials = range(count) if isinstance(count, int) else count
    return list(made.messages(by or behaviour(), sender, serials, offer))


def content(letter: Letter) -> bytes:
    assert letter.octets.endswith(b"\r\n.\r\n")
    return unstuff(letter.octets[: -len(b".\r\n")])


def token(letter: Letter) -> str:
    match = PATTERN.search(letter.octets.decode("latin-1"))
    assert match is not None
    return match[0]


def test_a_sender_sends_the_same_for_the_same_seed_and_never_the_same_twice():
    first, second = letters(mail()), letters(mail())

    assert [one.octets for one in first] == [one.octets for one in second]
    assert [one.serial for one in first] == list(range(20))
    assert len({one.octets for one in first}) == 20
    assert first[0].octets != letters(mail(seed=2))[0].octets
    assert {one.opening.recipients for one in first} == {("b@y.test",), ("c@y.test",)}


def test_what_mail_says_depends_on_the_server():
    made = mail()
    (sized,), (plain,) = letters(made, 1, offer=SIZED), letters(made, 1)

    assert sized.opening.steps[0].octets == b"MAIL FROM:<a@x.test> SIZE=1024\r\n"
    assert plain.opening.steps[0].octets == b"MAIL FROM:<a@x.test>\r\n"


def test_size_is_said_of_each_message_of_a_spread():
    spread = behaviour(size=Span(1_000, 5_000))
    for letter in letters(mail(spread), 100, by=spread, offer=SIZED):
        said = f"SIZE={len(content(letter))}\r\n".encode()
        assert letter.opening.steps[0].octets.endswith(said)


def test_all_mailboxes_get_equally_much_and_all_drafts():
    pool = tuple(f"user{number}@y.test" for number in range(8))
    many = behaviour(mailboxes=pool)
    got = letters(mail(many), 640, by=many)

    assert Counter(letter.opening.recipients[0] for letter in got) == dict.fromkeys(pool, 80)
    texts = {(letter.opening.recipients, content(letter)[-100:]) for letter in got}
    assert len(texts) == 64


def test_numbers_of_recipients_are_drawn_and_no_mailbox_is_there_twice():
    pool = tuple(f"user{number}@y.test" for number in range(10))
    several = behaviour(mailboxes=pool, recipients=Span(2, 5))
    got = letters(mail(several), 2_000, by=several)

    assert {len(letter.opening.recipients) for letter in got} == {2, 3, 4, 5}
    assert all(len(set(to)) == len(to) for to in (letter.opening.recipients for letter in got))
    assert {letter.opening.recipients[0] for letter in got} == set(pool)


def test_senders_take_turns_and_the_header_agrees_with_the_envelope():
    ours = tuple(f"user{number}@x.test" for number in range(20))
    several = behaviour(senders=ours)
    got = letters(mail(several), 200, by=several)

    said = Counter(letter.opening.steps[0].octets for letter in got)
    assert said == {f"MAIL FROM:<{one}>\r\n".encode(): 10 for one in ours}
    for letter in got:
        path = letter.opening.steps[0].octets.partition(b"<")[2].rstrip()
        assert letter.octets.startswith(b"From: <" + path)


def test_openings_of_a_large_pool_are_right_though_they_are_not_kept():
    pool = tuple(f"user{number}@y.test" for number in range(KEPT))
    large = behaviour(mailboxes=pool)
    made = mail(large)
    got = letters(made, itertools.chain(range(5), range(10 * KEPT, 10 * KEPT + 5)), by=large)

    for letter in got:
        sent = made.sent(token(letter))
        assert sent is not None
        assert (sent.content, sent.recipients) == (
            content(letter),
            letter.opening.recipients,
        )


def test_unknown_recipients_are_the_target_s():
    bouncing = behaviour(to=Whom.UNKNOWN, recipients=Span(1, 5))
    assert {letter.opening.recipients for letter in letters(mail(bouncing), by=bouncing)} == {
        ("nobody@y.test",)
    }


MANNERS = {
    "bulk": behaviour(),
    "spread": behaviour(size=Span(1_000, 9_000), recipients=Span(1, 2)),
    "one to both": behaviour(recipients=Span(2, 2)),
    "senders": behaviour(senders=("", "d@x.test", "e@x.test")),
}


@pytest.mark.parametrize("manner", MANNERS.values(), ids=MANNERS)
@pytest.mark.parametrize("sender", [0, 7, 300_012])
def test_what_was_sent_is_made_anew_from_its_token_alone(manner: Behaviour, sender: int):
    sending, accounting = mail(manner), mail(manner)
    serials = (0, 1, 15, 16, 17, 5_000, 123_456_789)
    for letter in letters(sending, serials, by=manner, sender=sender, offer=SIZED):
        sent = accounting.sent(token(letter))

        assert sent is not None
        assert sent.content == content(letter)
        assert sent.recipients == letter.opening.recipients


def test_each_behaviour_of_a_mix_knows_its_own_mail():
    small, large = behaviour("small"), behaviour("large", size=Span(5_000, 5_000))
    made = mail(small, large)
    for manner, size in ((small, 1_024), (large, 5_000)):
        for letter in letters(made, by=manner):
            sent = made.sent(token(letter))
            assert sent is not None
            assert len(sent.content) == size


def test_tokens_are_known_by_sender_and_serial():
    few, many = behaviour("few", share=0.25), behaviour("many", share=0.75)
    made = mail(few, many)
    found = [made.sent(made.token(sender, 7)) for sender in (0, 1, 2, 3, 200_003)]

    assert [(one.sender, one.serial) for one in found if one] == [
        *((sender, 7) for sender in range(4)),
        (200_003, 7),
    ]
    by_few = [made.token(sender, 7) for sender in range(100)]
    assert (
        sum(
            word == token(*letters(made, [7], by=few, sender=sender))
            for sender, word in enumerate(by_few)
        )
        == 25
    )


def test_mail_of_another_run_is_not_ours():
    (letter,) = letters(mail(seed=2), 1)
    ours = mail()

    assert ours.sent(token(letter)) is None
    assert ours.sent(token(letter).replace("load-00000002", "load-00000001")) is None
    assert ours.sent("load-nothing") is None


def test_where_chunks_are_wanted_and_offered_the_content_goes_as_it_is():
    by_chunks = behaviour(chunking=True)
    made = mail(by_chunks)
    (chunked,), (by_data,) = (letters(made, 1, by=by_chunks, offer=on) for on in (EIGHT, PLAIN))

    assert chunked.octets == content(by_data)


def eight_bit(folder: Path) -> Behaviour:
    path = folder / "eight.eml"
    path.write_bytes(b"Subject: a\r\n\r\n\xe4\r\n")
    return behaviour(contents=(path,))


def test_a_message_with_8_bit_octets_says_so(tmp_path: Path):
    manner = eight_bit(tmp_path)
    (letter,) = letters(mail(manner), 1, by=manner, offer=EIGHT)

    assert letter.opening.steps[0].octets == b"MAIL FROM:<a@x.test> BODY=8BITMIME\r\n"


def test_a_message_with_8_bit_octets_does_not_go_to_a_server_that_cannot(tmp_path: Path):
    manner = eight_bit(tmp_path)
    with pytest.raises(NotOffered, match="8-bit octets, and the server offers no 8BITMIME"):
        letters(mail(manner), 1, by=manner)


def test_an_address_beyond_ascii_needs_smtputf8():
    manner = behaviour(mailboxes=("b@y.test", "ü@y.test"))
    made = mail(manner)
    offer = Capabilities("here.test", {"SMTPUTF8": (), "8BITMIME": ()})
    said = {
        letter.opening.recipients[0]: letter.opening.steps[0].octets.endswith(b" SMTPUTF8\r\n")
        for letter in letters(made, by=manner, offer=offer)
    }

    assert said == {"b@y.test": False, "ü@y.test": True}
    with pytest.raises(NotOffered, match="SMTPUTF8"):
        letters(made, by=manner)
