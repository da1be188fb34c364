from __future__ import annotations

import pytest

from harness.accounting.tokens import Signer, Token, read_token


def tokens(
    seed: int = 1, purpose: str = "bulk", *, sender: int = 3, count: int = 40
) -> list[bytes]:
    return [word for _, word in Signer(seed, purpose).tokens(sender, range(count))]


def test_a_token_says_whose_message_it_marks():
    token = read_token(Signer(0xABCDEF, "bulk").token(400_017, 12_345).decode())

    assert token is not None
    assert (token.seed, token.sender, token.serial) == (0xABCDEF, 400_017, 12_345)


def test_tokens_are_equally_long_and_no_two_are_equal():
    words = {word for sender in range(20) for word in tokens(sender=sender, count=50)}

    assert len(words) == 1000
    assert {len(word) for word in words} == {41}


def test_a_token_is_the_same_alone_and_among_others():
    signer = Signer(7, "bulk")

    assert [signer.token(3, serial) for serial in range(40)] == tokens(7)
    assert [word for _, word in signer.tokens(3, [5, 39, 16, 5])] == [
        tokens(7)[serial] for serial in (5, 39, 16, 5)
    ]


def test_who_has_made_a_token_knows_it_again():
    signer = Signer(1, "bulk")
    assert all(
        signer.has_signed(token) for word in tokens() if (token := read_token(word.decode()))
    )


@pytest.mark.parametrize("other", [Signer(2, "bulk"), Signer(1, "web-mail")])
def test_nobody_else_does(other: Signer):
    assert not any(
        other.has_signed(token) for word in tokens() if (token := read_token(word.decode()))
    )


@pytest.mark.parametrize("part", range(4))
def test_a_token_that_was_changed_anywhere_is_signed_by_nobody(part: int):
    token = read_token(tokens()[5].decode())
    assert token is not None
    values = [token.seed, token.sender, token.serial, token.signature]
    values[part] = "00000000" if part == 3 else values[part] + 1
    names = ("seed", "sender", "serial", "signature")
    changed = Token(**dict(zip(names, values, strict=True)))

    assert not Signer(1, "bulk").has_signed(changed)


NO_TOKENS = [
    "",
    "load",
    "load-00000001-00000003-000000005",
    "load-00000001-00000003-000000005-0123456",
    "load-00000001-00000003-000000005-012345678",
    "load-00000001-00000003-000000005-0123456g",
    "load-00000001-0000000a-000000005-01234567",
    "LOAD-00000001-00000003-000000005-01234567",
    " load-00000001-00000003-000000005-01234567",
    "load-00000001-00000003-000000005-01234567\n",
]


@pytest.mark.parametrize("word", NO_TOKENS)
def test_what_is_no_token_is_not_read_as_one(word: str):
    assert read_token(word) is None
