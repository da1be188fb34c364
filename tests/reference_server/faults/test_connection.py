"""Each trick as octets on the wire, on virtual time."""

import gc
import ssl

import pytest
import trio
import trio.testing

from harness.protocol.transparency import DataReader
from reference_server.faults.serving import serve_with_faults
from reference_server.faults.tricks import LONGEST_SILENCE
from tests.reference_server.connecting import mail_of, server_in
from tests.reference_server.faults.hearing import everything, said_to
from tests.reference_server.faults.troubled import (
    faults_in,
    meeting,
    on_a_socket,
    receive,
    troubled,
)


def trusting(spool):
    return ssl.create_default_context(cafile=str(spool / "cert.pem"))


async def secured(client, spool):
    tls = trio.SSLStream(
        client.stream, trusting(spool), server_hostname="localhost", https_compatible=True
    )
    await tls.do_handshake()
    client.stream = tls


HELLO = b"EHLO c.test\r\n"
MAIL = b"MAIL FROM:<a@c.test>\r\n"
RCPT = b"RCPT TO:<alice@example.test>\r\n"
TRANSACTION = HELLO + MAIL + RCPT + b"DATA\r\n"
OK = b"250 2.0.0 Nothing done\r\n"
WORDS = {
    "a reply": ("reply: 451 4.7.1 try later", b"451 4.7.1 try later\r\n"),
    "a reply of lines": ('reply: "250-one\\n250 two"', b"250-one\r\n250 two\r\n"),
    "garbage": (r'garbage: "\\x00\\xff!"', b"\x00\xff!"),
    "truncated": ("truncate: 7", OK[:7]),
    "truncated to nothing": ("truncate: 0", b""),
    "LF alone": ("line_ends: lf", OK.replace(b"\r", b"")),
    "LF alone in a reply": (
        'reply: "451-a\\n451 b"\nline_ends: lf', b"451-a\n451 b\n",
    ),
    "truncated reply": ("reply: 451 later\ntruncate: 5", b"451 l"),
    "nothing but what went wrong elsewhere": ("reply: 451 x\nclient: 10.0.0.1", OK),
}  # fmt: skip


@pytest.mark.parametrize(("what", "said"), WORDS.values(), ids=WORDS)
async def test_a_reply_is_what_the_fault_makes_of_it(tmp_path, autojump_clock, what, said):
    async with troubled(tmp_path, f"at: NOOP\n{what}\n") as client:
        assert await said_to(client, b"NOOP\r\n") == said


@pytest.mark.parametrize(
    ("split", "pieces"),
    [
        ("1", [bytes([octet]) for octet in OK]),
        ("10", [OK[:10], OK[10:20], OK[20:]]),
        ("{after: 3}", [OK[:3], OK[3:]]),
        ("{after: 3, pause: 5s}", [OK[:3], OK[3:]]),
        ("{octets: 100}", [OK]),
        ("{after: 100}", [OK]),
    ],
)
async def test_a_reply_is_split_into_writes(tmp_path, autojump_clock, split, pieces):
    async with troubled(tmp_path, f"{{at: NOOP, split: {split}}}") as client:
        began, met = trio.current_time(), []
        await client.stream.send_all(b"NOOP\r\n")
        while sum(map(len, met)) < len(OK):
            met.append(bytes(await client.stream.receive_some(100)))
            assert met[-1], "the server has left"
        taken = trio.current_time() - began
    if "pause" in split:
        assert met == pieces
        assert taken == pytest.approx(5)
    assert b"".join(met) == OK


async def test_split_writes_are_writes(tmp_path):
    """Each piece goes out by a call of its own; what the network makes of them is its affair."""
    from reference_server.faults.model import Split, Trick
    from reference_server.faults.tricks import say

    written = []

    class Paper(trio.abc.SendStream):
        async def send_all(self, data):
            written.append(bytes(data))

        async def wait_send_all_might_not_block(self): ...

        async def aclose(self): ...

    await say(Trick(split=Split(pieces=2)), b"250 x\r\n", Paper())
    await say(Trick(split=Split(after=3)), b"250 x\r\n", Paper())
    assert written == [b"25", b"0 ", b"x\r", b"\n", b"250", b" x\r\n"]


async def test_a_delay_holds_the_reply_and_all_that_follow(tmp_path, autojump_clock):
    async with troubled(tmp_path, "{at: NOOP, times: 1, delay: 10m}") as client:
        began = trio.current_time()
        await client.stream.send_all(b"NOOP\r\nRSET\r\n")
        assert (await client.reply()).startswith(b"250 2.0.0 Nothing")
        # Ten minutes are more than a client has: but it is we who take them.
        assert trio.current_time() - began == pytest.approx(600)
        assert (await client.reply()).startswith(b"250 2.0.0 Forgotten")
        assert (await client.reply()).startswith(b"421 4.4.2 example.test idle")
        assert trio.current_time() - began == pytest.approx(901, abs=2)


async def test_what_was_said_before_goes_out_before_the_delay(tmp_path, autojump_clock):
    async with troubled(tmp_path, "{at: NOOP, delay: 10s}") as client:
        assert await said_to(client, b"RSET\r\nNOOP\r\n", seconds=9) == b"250 2.0.0 Forgotten\r\n"


async def test_421_is_said_and_ends_the_connection(tmp_path):
    async with troubled(tmp_path, "{at: RCPT, reply: 421 4.3.2 going down}") as client:
        await client.stream.send_all(TRANSACTION)
        said = await everything(client)
    assert said.endswith(b"250 2.1.0 Sender ok\r\n421 4.3.2 going down\r\n")


async def test_a_farewell_in_other_words_is_one_and_a_refusal_is_none(tmp_path):
    faults = "[{at: QUIT, nth: 1, reply: 451 stay}, {at: QUIT, nth: 2, reply: 221 so long}]"
    async with troubled(tmp_path, faults) as client:
        assert await client.say(b"QUIT\r\n") == b"451 stay"
        assert await client.say(b"QUIT\r\n") == b"221 so long"
        assert await client.reply() == b""


@pytest.mark.parametrize("drop", ["yes", "close", "reset"])
async def test_a_drop_says_nothing(tmp_path, drop):
    async with troubled(tmp_path, f"{{at: NOOP, drop: {drop}}}") as client:
        await client.stream.send_all(b"RSET\r\nNOOP\r\nRSET\r\n")
        assert await everything(client) == b"250 2.0.0 Forgotten\r\n"


async def test_a_drop_may_have_a_last_word(tmp_path):
    async with troubled(tmp_path, "{at: NOOP, reply: 451 bye, drop: yes}") as client:
        await client.stream.send_all(b"NOOP\r\nRSET\r\n")
        assert await everything(client) == b"451 bye\r\n"


async def test_half_a_reply_and_a_drop(tmp_path):
    async with troubled(tmp_path, "{at: NOOP, truncate: 2, drop: yes}") as client:
        await client.stream.send_all(b"NOOP\r\n")
        assert await everything(client) == b"25"


async def test_on_a_socket_a_reset_is_one_and_a_close_is_none(tmp_path):
    async with on_a_socket(tmp_path, "{at: NOOP, drop: reset}") as sock:
        await receive(sock)
        sock.send(b"NOOP\r\n")
        with pytest.raises(ConnectionResetError):
            await receive(sock)
    async with on_a_socket(tmp_path, "{at: NOOP, drop: close}") as sock:
        await receive(sock)
        sock.send(b"NOOP\r\n")
        assert await receive(sock) == b""


async def test_silence_lasts_but_not_for_ever(tmp_path, autojump_clock):
    async with troubled(tmp_path, "{at: NOOP, silent: yes}") as client:
        began = trio.current_time()
        await client.stream.send_all(b"NOOP\r\nQUIT\r\n")
        assert await everything(client) == b""
        assert trio.current_time() - began == pytest.approx(LONGEST_SILENCE)


async def test_silence_ends_when_the_client_leaves(tmp_path, autojump_clock):
    server = server_in(tmp_path)
    faults = faults_in(tmp_path, "{at: NOOP, silent: yes}")
    async with meeting(server, faults) as client:
        await client.reply()
        await client.stream.send_all(b"NOOP\r\n")
        await trio.sleep(1)
        began = trio.current_time()
    assert trio.current_time() - began < 1
    assert server.open_connections == 0


# --- before the first command --------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["connect", "greeting"])
async def test_a_server_that_stops_keeps_nobody_waiting(tmp_path, stage):
    server = server_in(tmp_path)
    faults = faults_in(tmp_path, f"{{at: {stage}, delay: 1h}}")
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as tasks:
        tasks.start_soon(serve_with_faults, server, faults, theirs, "127.0.0.1")
        await trio.testing.wait_all_tasks_blocked()
        assert server.open_connections == 1
        tasks.cancel_scope.cancel()
    assert server.open_connections == 0
    said = bytes(await ours.receive_some(1_000))
    assert said.startswith(b"421") if stage == "greeting" else said == b""


async def test_421_instead_of_a_greeting_is_the_end(tmp_path):
    async with troubled(tmp_path, "{at: greeting, reply: 421 no}", greeted=False) as client:
        assert await everything(client) == b"421 no\r\n"


async def test_a_refusal_instead_of_a_greeting_is_not(tmp_path):
    async with troubled(tmp_path, "{at: greeting, reply: 554 no}", greeted=False) as client:
        assert await client.reply() == b"554 no"
        assert (await client.say(b"NOOP\r\n")).startswith(b"250")


async def test_a_greeting_may_come_late(tmp_path, autojump_clock):
    async with troubled(tmp_path, "{at: greeting, delay: 30s}", greeted=False) as client:
        began = trio.current_time()
        assert (await client.reply()).startswith(b"220 example.test")
        assert trio.current_time() - began == pytest.approx(30)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("{at: greeting, reply: 554 no service here}", b"554 no service here\r\n"),
        ("{at: greeting, reply: 421 not now}", b"421 not now\r\n"),
        ("{at: connect, reply: 421 not now}", b"421 not now\r\n"),
        ("{at: connect, garbage: HTTP, drop: yes}", b"HTTP"),
        ("{at: connect, drop: yes}", b""),
        ("{at: connect, drop: reset}", b""),
        ("{at: greeting, drop: yes}", b""),
        ("{at: greeting, truncate: 3, drop: yes}", b"220"),
    ],
)
async def test_instead_of_a_welcome(tmp_path, fault, said):
    async with troubled(tmp_path, fault, greeted=False) as client:
        await client.stream.send_all(b"QUIT\r\n")
        met = await everything(client)
    assert met.removesuffix(b"221 2.0.0 example.test closing connection\r\n") == said


# --- who and when --------------------------------------------------------------------------------


async def test_a_recipient_is_refused_and_another_one_is_not(tmp_path):
    async with troubled(tmp_path, "{at: RCPT, recipient: bob@*, reply: 450 busy}") as client:
        await client.say(HELLO)
        await client.say(MAIL)
        assert await client.say(b"RCPT TO:<bob@example.test>\r\n") == b"450 busy"
        assert (await client.say(RCPT)).startswith(b"250")
        await client.say(b"DATA\r\n")
        assert (await client.say(b"x\r\n.\r\n")).startswith(b"250")
    assert (len(mail_of(tmp_path, "alice")), len(mail_of(tmp_path, "bob"))) == (1, 0)


async def test_a_message_for_one_of_them_is_enough(tmp_path):
    async with troubled(
        tmp_path, "{at: ., recipient: bob@*, sender: a@*, reply: 451 no}"
    ) as client:
        await client.say(HELLO)
        await client.say(MAIL)
        await client.say(RCPT)
        await client.say(b"RCPT TO:<bob@example.test>\r\n")
        await client.say(b"DATA\r\n")
        assert await client.say(b"x\r\n.\r\n") == b"451 no"


async def test_a_refused_sender_has_no_transaction(tmp_path):
    async with troubled(tmp_path, "{at: MAIL, sender: a@*, reply: 451 no}") as client:
        await client.say(HELLO)
        assert await client.say(MAIL) == b"451 no"
        assert (await client.say(RCPT)).startswith(b"503")
        assert (await client.say(b"MAIL FROM:<>\r\n")).startswith(b"250")


async def test_each_connection_counts_for_itself(tmp_path):
    server = server_in(tmp_path)
    faults = faults_in(tmp_path, "{at: MAIL, nth: 2, per: connection, reply: 421 enough}")
    for _ in range(2):
        async with meeting(server, faults) as client:
            await client.reply()
            await client.say(HELLO)
            assert (await client.say(MAIL)).startswith(b"250")
            await client.say(b"RSET\r\n")
            assert await client.say(MAIL) == b"421 enough"
            assert await client.reply() == b""


@pytest.mark.slow
async def test_a_pipelined_batch_has_its_accident_in_its_place(tmp_path):
    fault = "{at: RCPT, recipient: bob@*, reply: 450 busy}"
    batch = HELLO + MAIL + RCPT + b"RCPT TO:<bob@example.test>\r\nDATA\r\n"
    for cut in range(len(batch) + 1):
        async with troubled(tmp_path, fault) as client:
            await client.stream.send_all(batch[:cut])
            await client.stream.send_all(batch[cut:])
            codes = [(await client.reply())[:3] for _ in range(5)]
        assert codes == [b"250", b"250", b"250", b"450", b"354"]


VERBS = {
    "EHLO": HELLO,
    "HELO": b"HELO c.test\r\n",
    "RSET": b"RSET\r\n",
    "QUIT": b"QUIT\r\n",
    "HELP": b"HELP\r\n",
    "VRFY": b"VRFY alice\r\n",
    "EXPN": b"EXPN list\r\n",
    "STARTTLS": HELLO + b"STARTTLS\r\n",
    "MAIL": HELLO + MAIL,
    "RCPT": HELLO + MAIL + RCPT,
    "DATA": TRANSACTION,
    "BDAT": HELLO + MAIL + RCPT + b"BDAT 3\r\nx\r\n",
    "ETRN": HELLO + b"ETRN example.test\r\n",
    ".": HELLO + MAIL + RCPT + b"BDAT 3 LAST\r\nx\r\n",
}


@pytest.mark.parametrize(("verb", "talk"), VERBS.items(), ids=VERBS)
async def test_every_verb_can_be_refused(tmp_path, autojump_clock, verb, talk):
    async with troubled(tmp_path, f"{{at: {verb}, reply: 455 not so}}", tls_self_signed=True) as c:
        assert (await said_to(c, talk)).endswith(b"455 not so\r\n")


async def test_what_the_protocol_refuses_is_no_business_of_the_faults(tmp_path):
    async with troubled(tmp_path, "[{at: RCPT, drop: yes}, {at: NOOP, drop: yes}]") as client:
        assert (await client.say(RCPT)).startswith(b"503")
        assert (await client.say(b"NOPE\r\n")).startswith(b"500")


async def test_a_fault_of_a_user_is_met_by_that_user(tmp_path):
    fault = """
        - {at: AUTH, user: alice, times: 1, reply: 454 4.7.0 no}
        - {at: MAIL, user: al*, reply: 451}
        """
    async with troubled(tmp_path, fault, tls_self_signed=True) as client:
        await client.say(HELLO)
        await client.say(b"STARTTLS\r\n")
        await secured(client, tmp_path)
        await client.say(HELLO)
        assert (await client.say(MAIL)).startswith(b"250")
        await client.say(b"RSET\r\n")
        log_in = b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"
        assert await client.say(log_in) == b"454 4.7.0 no"
        assert (await client.say(log_in)).startswith(b"235")
        assert await client.say(MAIL) == b"451 4.0.0 said on purpose"


async def test_what_a_client_has_sent_is_freed_when_it_goes(tmp_path, autojump_clock):
    gc.collect()
    before = readers()  # of whoever ran before us in this process, and has not gone yet
    gc.disable()  # which would hide a circle of references
    try:
        async with troubled(tmp_path, "at: NOOP\nreply: 451 later\n") as client:
            await said_to(client, TRANSACTION + b"Subject: half a message")
            assert len(readers()) == len(before) + 1
        left = [one for one in readers() if not any(one is other for other in before)]
    finally:
        gc.enable()
    assert left == []


def readers():
    return [one for one in gc.get_objects() if isinstance(one, DataReader)]
