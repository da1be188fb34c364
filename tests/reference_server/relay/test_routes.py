import pytest

from harness.target import read_address
from reference_server.relay.routes import (
    Exchangers,
    Here,
    NextHops,
    NoWay,
    Route,
    Routes,
    Tls,
    ascii_domain,
)


def route(host, *domains, tls=Tls.OPPORTUNISTIC):
    return Route(domains=domains, hosts=(read_address(host),), tls=tls)


ROUTES = (
    route("127.0.0.1:1", "example.net"),
    route("127.0.0.1:2", ".example.net", ".deep.example.net"),
    route("127.0.0.1:3", ".org", "bücher.example"),
    route("127.0.0.1:4", "[192.0.2.1]", tls=Tls.REQUIRED),
    route("127.0.0.1:99", "example.net"),  # the first to say it is right
)

FOUND = {
    "a@example.net": 1,
    "a@EXAMPLE.net": 1,
    "a@example.net.": 1,
    '"x@y"@example.net': 1,
    "a@sub.example.net": 2,
    "a@sub.deep.example.net": 2,
    "a@many.labels.org": 3,
    "a@bücher.example": 3,
    "a@BÜCHER.example": 3,
    "a@xn--bcher-kva.example": 3,
    "a@[192.0.2.1]": 4,
    "a@org": None,
    "a@notexample.net": None,
    "a@[192.0.2.2]": None,
}


@pytest.mark.parametrize(("address", "port"), FOUND.items(), ids=FOUND)
def test_the_most_exact_route_counts(address, port):
    found = Routes(ROUTES).find(address)
    if port is None:
        assert isinstance(found, NoWay)
    else:
        assert isinstance(found, NextHops)
        assert found.hosts[0].port == port


def test_nothing_is_relayed_unless_it_is_said():
    found = Routes().find("a@example.net")
    assert isinstance(found, NoWay)
    assert (found.status, found.is_permanent, found.name) == ("5.4.4", True, "nowhere")


def test_a_star_is_for_what_is_left():
    routes = Routes((*ROUTES, route("127.0.0.1:5", "*")))
    assert routes.find("a@anything.test").name == "127.0.0.1:5"
    assert routes.find("a@[192.0.2.2]").name == "127.0.0.1:5"
    assert routes.find("a@example.net").name == "127.0.0.1:1"


def test_the_dns_is_asked_about_what_is_left():
    routes = Routes(ROUTES, dns=True)
    assert routes.find("a@Anything.Test") == Exchangers("anything.test", Tls.OPPORTUNISTIC)
    assert routes.find("a@[IPv6:2001:db8::1]") == Exchangers(
        "[ipv6:2001:db8::1]", Tls.OPPORTUNISTIC
    )
    assert isinstance(routes.find("a@example.net"), NextHops)
    assert routes.find("a@anything.test").name == "anything.test"


def test_domains_with_one_route_share_a_destination():
    routes = Routes(ROUTES)
    assert routes.find("a@x.example.net") == routes.find("b@y.example.net")
    assert len({routes.find("a@x.example.net"), routes.find("b@y.example.net")}) == 1


def test_what_is_ours_is_here_whatever_the_routes_say():
    routes = Routes((route("127.0.0.1:5", "*"),), is_ours="home.test".__eq__)
    assert routes.find("alice@HOME.test") == Here()
    assert routes.find("postmaster") == Here()
    assert routes.find("alice@away.test") != Here()
    assert Here().name == "here"


def test_a_domain_that_cannot_be_spelled_in_ascii_stays_as_it_is():
    assert ascii_domain("ü" * 70 + ".example") == "ü" * 70 + ".example"
