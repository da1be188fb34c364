import random
from dataclasses import dataclass, field

import pytest

from reference_server.relay.exchangers import (
    Absent,
    Answer,
    Found,
    Host,
    Ourselves,
    Unknown,
    find_hosts,
)
from reference_server.relay.routes import NoWay


@dataclass
class Table:
    """A resolver that has been told everything."""

    mx: dict[str, Answer] = field(default_factory=dict)
    a: dict[str, Answer | tuple[str, ...]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def exchangers(self, name):
        self.asked.append(f"MX {name}")
        return self.mx.get(name, Found() if name in self.a else Absent())

    async def addresses(self, name):
        self.asked.append(f"A {name}")
        answer = self.a.get(name, Absent())
        if isinstance(answer, tuple):
            return Found(tuple((0, address) for address in answer))
        return answer


def mx(*records, signed=False):
    return Found(records, signed)


US = Ourselves(frozenset({"mx.us.test"}), frozenset({"192.0.2.99"}))
A = {
    "a.test": ("192.0.2.1",),
    "b.test": ("192.0.2.2", "192.0.2.3"),
    "c.test": ("2001:db8::1", "192.0.2.4"),
    "mx.us.test": ("192.0.2.99",),
    "us-by-address.test": ("192.0.2.98", "192.0.2.99"),
    "loopback.test": ("127.0.0.1",),
    "loopback6.test": ("::1",),
    "zero.test": ("0.0.0.0",),
    "no-address.test": Found(),
    "silent.test": Unknown("timed out"),
}

# MX records of d.test -> the hosts to try, or the status of why there are none
LISTS = {
    "one host": (mx((10, "a.test")), ["a.test"]),
    "by preference": (mx((30, "c.test"), (10, "b.test"), (20, "a.test")),
                      ["b.test", "a.test", "c.test"]),
    "the same host twice": (mx((10, "a.test"), (20, "a.test")), ["a.test"]),
    "a host without address is left out": (mx((10, "no-address.test"), (20, "a.test")), ["a.test"]),
    "a host that is not there is left out": (mx((10, "gone.test"), (20, "a.test")), ["a.test"]),
    "a host nobody can tell of is left out": (mx((10, "silent.test"), (20, "a.test")), ["a.test"]),
    "no host has an address": (mx((10, "no-address.test"), (20, "gone.test")), "5.4.4"),
    "nobody can tell of the only host": (mx((10, "silent.test"), (20, "gone.test")), "4.4.3"),
    "the null MX": (mx((0, "")), "5.1.10"),
    "a null MX beside others counts for nothing": (mx((0, ""), (10, "a.test")), ["a.test"]),
    "nobody answers": (Unknown("SERVFAIL"), "4.4.3"),
    "no such domain": (Absent(), "5.1.2"),
    "we come last": (mx((10, "a.test"), (20, "mx.us.test")), ["a.test"]),
    "we stand in the middle": (mx((10, "a.test"), (20, "MX.us.test"), (20, "b.test"),
                                  (30, "c.test")), ["a.test"]),
    "we come first": (mx((10, "mx.us.test"), (20, "a.test")), "5.4.6"),
    "we have one of its addresses": (mx((10, "a.test"), (20, "us-by-address.test"),
                                        (30, "b.test")), ["a.test"]),
    "loopback is us": (mx((10, "loopback.test")), "5.4.6"),
    "loopback is us in IPv6 too": (mx((10, "loopback6.test"), (20, "a.test")), "5.4.6"),
    "so is the unspecified address": (mx((10, "zero.test")), "5.4.6"),
}  # fmt: skip


@pytest.mark.parametrize(("records", "wanted"), LISTS.values(), ids=LISTS)
async def test_the_hosts_of_a_domain(records, wanted):
    found = await find_hosts("d.test", Table({"d.test": records}, dict(A)), US)
    if isinstance(wanted, str):
        assert isinstance(found, NoWay)
        assert found.status == wanted
        assert found.is_permanent == wanted.startswith("5")
    else:
        assert [host.name for host in found] == wanted


async def test_a_domain_without_mx_is_its_own_host():
    found = await find_hosts("b.test", Table({}, dict(A)), US)
    assert [host.name for host in found] == ["b.test"]
    assert [address.endpoint for address in found[0].addresses] == ["192.0.2.2:25", "192.0.2.3:25"]


async def test_a_domain_with_neither_mx_nor_address_is_unroutable():
    found = await find_hosts("no-address.test", Table({}, dict(A)), US)
    assert isinstance(found, NoWay)
    assert found.status == "5.4.4"


async def test_address_records_are_not_used_where_there_are_mx_records():
    table = Table({"a.test": mx((10, "gone.test"))}, dict(A))
    found = await find_hosts("a.test", table, US)
    assert isinstance(found, NoWay)
    assert "A a.test" not in table.asked


async def test_equals_come_in_random_order_and_others_do_not():
    table = Table({"d.test": mx((10, "a.test"), (10, "b.test"), (20, "c.test"))}, dict(A))
    seen = set()
    for seed in range(20):
        shuffle = random.Random(seed).shuffle
        hosts = await find_hosts("d.test", table, US, shuffle)
        seen.add(tuple(host.name for host in hosts))
    assert seen == {("a.test", "b.test", "c.test"), ("b.test", "a.test", "c.test")}


async def test_all_addresses_of_a_host_are_kept_in_order():
    table = Table({"d.test": mx((10, "c.test"))}, dict(A))
    (host,) = await find_hosts("d.test", table, US)
    assert [address.host for address in host.addresses] == ["2001:db8::1", "192.0.2.4"]


async def test_only_a_signed_list_is_beyond_doubt():
    for signed in (True, False):
        table = Table({"d.test": mx((10, "a.test"), signed=signed)}, dict(A))
        (host,) = await find_hosts("d.test", table, US)
        assert host.is_vouched is signed


LITERALS = {
    "[192.0.2.7]": "192.0.2.7",
    "[ipv6:2001:db8::7]": "2001:db8::7",
    "[IPv6:2001:DB8::7]": "2001:db8::7",
    "[127.0.0.1]": "5.4.6",
    "[ipv6:::1]": "5.4.6",
    "[192.0.2.99]": "5.4.6",
    "[tag:whatever]": "5.1.2",
}


@pytest.mark.parametrize(("literal", "wanted"), LITERALS.items(), ids=LITERALS)
async def test_an_address_literal_is_not_looked_up(literal, wanted):
    table = Table()
    found = await find_hosts(literal, table, US)
    assert table.asked == []
    if isinstance(found, NoWay):
        assert found.status == wanted
    else:
        (host,) = found
        assert isinstance(host, Host)
        assert (host.name, host.addresses[0].port) == (wanted, 25)
