"""The whole card."""

from __future__ import annotations

import ssl

import pytest
import trustme

from harness.errors import TargetUnreachable
from harness.probing import Card, Depth, Verdict, survey
from harness.protocol.sasl import Login
from harness.target import Address, Target
from harness.wire import Log
from tests.probing.peers import HANGS_UP, Peer


async def card_of(peer: Peer, scheme: str = "smtp", depth: Depth | None = None, **changed) -> Card:
    async with peer.target(scheme, **changed) as target:
        return await survey(target, depth or Depth(), Log(), lambda: 0.0)


def tls_context() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


CONTEXT = tls_context()


async def test_a_server_in_the_clear_has_one_layer():
    card = await card_of(Peer(("SIZE 7",), {"greeting": "220 mx.test at your service"}))

    assert card.greeting == "220 mx.test at your service"
    (layer,) = card.layers
    assert (layer.domain, layer.within_tls, layer.mechanisms) == ("mx.test", False, ())
    assert card.tls is None
    assert [one.what for one in card.limits] == ["message size"]
    assert card.sent == ""


@pytest.mark.slow
async def test_what_is_offered_within_tls_is_looked_at_there():
    peer = Peer(("STARTTLS",), {"STARTTLS": "220 go"}, CONTEXT, ("AUTH PLAIN LOGIN", "STARTTLS"))

    card = await card_of(peer)

    clear, inside = card.layers
    assert clear.mechanisms == ()
    assert inside.mechanisms == ("PLAIN", "LOGIN")
    assert clear.extensions["STARTTLS"].verdict is Verdict.WORKS
    assert inside.extensions["STARTTLS"].verdict is Verdict.BROKEN
    assert "within TLS" in inside.extensions["STARTTLS"].note
    assert card.tls is not None
    assert card.connections == peer.connections


async def test_tls_from_the_first_octet_has_no_layer_in_the_clear():
    peer = Peer(context=CONTEXT, implicit=True)

    card = await card_of(peer, "smtps")

    assert [layer.within_tls for layer in card.layers] == [True]
    assert card.tls is not None
    assert card.tls.way == "from the first octet"


async def test_tls_that_does_not_succeed_is_trouble_and_no_end():
    card = await card_of(Peer(("STARTTLS",), {"STARTTLS": "454 no"}))

    clear, inside = card.layers
    assert clear.domain == "mx.test"
    assert inside.trouble == "STARTTLS was answered 454 no"
    assert card.tls is None
    assert card.recipients[0].recipient == "postmaster"


async def test_it_is_asked_whom_it_takes_mail_for():
    known = {"<alice@d.test>", "<postmaster>"}
    peer = Peer((), {"RCPT": lambda line: "250 ok" if line[8:] in known else "550 no"})

    card = await card_of(peer, recipients=("alice@d.test",))

    assert [(one.recipient, one.code, one.wished) for one in card.recipients] == [
        ("alice@d.test", 250, True),
        ("postmaster", 250, True),
        ("no-such-user-7f3a@d.test", 550, False),
        ("someone@elsewhere.test", 550, False),
    ]


@pytest.mark.parametrize(
    ("answers", "recipient", "code"),
    [({"MAIL": "530 no"}, "(MAIL)", 530), ({"RCPT": HANGS_UP}, "(gone)", 0)],
)
async def test_who_takes_no_mail_is_told_as_it_is(answers, recipient, code):
    card = await card_of(Peer((), answers))

    assert (card.recipients[-1].recipient, card.recipients[-1].code) == (recipient, code)


@pytest.mark.slow
async def test_all_limits_are_measured_on_request():
    card = await card_of(Peer((), {"RCPT": "550 no"}), depth=Depth(limits=True, idle=0.01))

    assert [one.what for one in card.limits] == [
        "message size", "command line", "recipients", "errors", "idle",
    ]  # fmt: skip


async def test_a_limit_that_cannot_be_measured_is_no_end():
    greetings = iter(["220 mx.test"] * 1 + ["554 no"] * 99)

    class Once(Peer):
        async def serve(self, stream):
            self.answers = {**self.answers, "greeting": next(greetings)}
            await super().serve(stream)

    card = await card_of(Once((), {"RSET": HANGS_UP}))

    assert card.limits[0].found.startswith("not measured: greeting: 554")


MESSAGE = b"Subject: x\r\n\r\nhi\r\n"


@pytest.mark.parametrize(
    ("offers", "answers", "said"),
    [
        (("CHUNKING",), {"BDAT": "250 got it"}, "postmaster: 250 got it"),
        (("CHUNKING",), {"BDAT": "552 no"}, "BDAT"),
        ((), {"DATA": "451 no"}, "DATA: 451 no"),
    ],
)
async def test_a_message_is_sent_on_request_alone(offers, answers, said):
    card = await card_of(Peer(offers, answers), depth=Depth(message=MESSAGE))

    assert said in card.sent or "message: 552 no" in card.sent


@pytest.mark.slow
async def test_who_logs_in_does_so_where_nobody_listens():
    peer = Peer(
        ("STARTTLS", "AUTH PLAIN"), {"STARTTLS": "220 go", "AUTH": "235 in"}, CONTEXT,
        ("AUTH PLAIN",),
    )  # fmt: skip
    from harness.target import TlsPolicy

    card = await card_of(
        peer, depth=Depth(login=Login("alice", "secret")), tls=TlsPolicy(verify=False)
    )

    assert card.layers[1].trouble == ""
    assert any(line.startswith("AUTH PLAIN AGFsaWNl") for line in peer.heard)


@pytest.mark.slow
async def test_a_password_is_not_given_to_who_is_not_trusted():
    peer = Peer(("STARTTLS",), {"STARTTLS": "220 go", "AUTH": "235 in"}, CONTEXT, ("AUTH PLAIN",))

    card = await card_of(peer, depth=Depth(login=Login("alice", "secret")))

    assert "not trusted" in card.layers[1].trouble
    assert not any(line.startswith("AUTH PLAIN A") for line in peer.heard)


async def test_nobody_there_has_no_card():
    target = Target(address=Address("127.0.0.1", 1))

    with pytest.raises(TargetUnreachable):
        await survey(target, Depth(), Log(), lambda: 0.0)
