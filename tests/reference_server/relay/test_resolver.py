"""The real resolver against a name server of a few lines, on loopback."""

import subprocess
import sys
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
import trio

from harness.errors import UsageError
from reference_server.relay.exchangers import Absent, Answer, Found, Unknown
from reference_server.relay.resolver import DnsResolver

ZONE = {
    ("d.test.", "MX"): ["10 a.test.", "20 B.test."],
    ("null.test.", "MX"): ["0 ."],
    ("cname.test.", "MX"): ["CNAME d.test."],
    ("a.test.", "A"): ["192.0.2.2", "192.0.2.1"],
    ("a.test.", "AAAA"): ["2001:db8::1"],
    ("b.test.", "A"): ["192.0.2.3"],
    ("xn--bcher-kva.test.", "A"): ["192.0.2.4"],
}
NAMES = {name for name, _ in ZONE}


def answer(octets: bytes) -> bytes | None:
    question = dns.message.from_wire(octets)
    (asked,) = question.question
    name, kind = asked.name.to_text().lower(), dns.rdatatype.to_text(asked.rdtype)
    if name == "silent.test.":
        return None
    response = dns.message.make_response(question)
    response.flags |= dns.flags.AD
    if name == "broken.test.":
        response.set_rcode(dns.rcode.SERVFAIL)
    elif name not in NAMES:
        response.set_rcode(dns.rcode.NXDOMAIN)
    for text in ZONE.get((name, kind), []):
        if text.startswith("CNAME"):
            target = text.split()[1]
            response.answer.append(dns.rrset.from_text(name, 60, "IN", *text.split()))
            response.answer.append(dns.rrset.from_text(target, 60, "IN", kind, *ZONE[target, kind]))
        else:
            response.answer.append(dns.rrset.from_text(name, 60, "IN", kind, text))
    return response.to_wire()


@asynccontextmanager
async def name_server():
    with trio.socket.socket(type=trio.socket.SOCK_DGRAM) as sock:
        await sock.bind(("127.0.0.1", 0))

        async def serve():
            while True:
                octets, peer = await sock.recvfrom(4_096)
                told = answer(octets)
                if told is not None:
                    await sock.sendto(told, peer)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            yield sock.getsockname()[1]
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def resolver(**options):
    async with name_server() as port:
        yield DnsResolver(["127.0.0.1"], port=port, **{"patience": 2.0, **options})


EXCHANGERS = {
    "d.test": Found(((10, "a.test"), (20, "B.test"))),
    "null.test": Found(((0, ""),)),
    "cname.test": Found(((10, "a.test"), (20, "B.test"))),
    "a.test": Found(),
    "nowhere.test": Absent(),
    "ü" * 70 + ".test": Absent(),
    "a..test": Absent(),
}
ADDRESSES = {
    "a.test": Found(((0, "2001:db8::1"), (0, "192.0.2.1"), (0, "192.0.2.2"))),
    "b.test": Found(((0, "192.0.2.3"),)),
    "bücher.test": Found(((0, "192.0.2.4"),)),
    "d.test": Found(),
    "nowhere.test": Absent(),
}


def in_order(answer: Answer) -> Answer:
    """The network has no order, but for IPv6 before IPv4, which are two questions."""
    if not isinstance(answer, Found):
        return answer
    by = sorted(answer.records, key=lambda record: (record[0], "." in record[1], record[1]))
    return Found(tuple(by), answer.is_authentic)


async def test_what_the_dns_says_of_exchangers_and_addresses():
    async with resolver() as dns_:
        for name, wanted in EXCHANGERS.items():
            assert in_order(await dns_.exchangers(name)) == wanted
        assert (await dns_.addresses("a.test")).records[0] == (0, "2001:db8::1")
        for name, wanted in ADDRESSES.items():
            assert in_order(await dns_.addresses(name)) == wanted


async def test_a_server_that_fails_or_is_silent_leaves_the_question_open():
    async with resolver(patience=0.1) as dns_:
        assert isinstance(await dns_.exchangers("broken.test"), Unknown)
        assert isinstance(await dns_.exchangers("silent.test"), Unknown)
        assert isinstance(await dns_.addresses("broken.test"), Unknown)


async def test_the_word_of_a_resolver_counts_for_signed_only_where_it_is_trusted():
    for trusted in (True, False):
        async with resolver(trusts_ad=trusted) as dns_:
            found = await dns_.exchangers("d.test")
            assert isinstance(found, Found)
            assert found.is_authentic is trusted


def test_a_machine_without_resolvers_is_told(tmp_path):
    with pytest.raises(UsageError, match="names no resolver to ask"):
        DnsResolver(resolv_conf=str(tmp_path / "resolv.conf"))


@pytest.mark.slow
def test_dnspython_is_not_loaded_until_it_is_wanted():
    script = (
        "import sys, reference_server.relay.resolver, reference_server.relay.exchangers\n"
        "print([name for name in sys.modules if name.split('.')[0] == 'dns'])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
