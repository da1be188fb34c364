"""What the variables of a dialogue stand for on a target."""

from __future__ import annotations

import pytest

from harness.runner.facts import facts_of, literal_of
from harness.target import Address, Target


@pytest.mark.parametrize(
    ("host", "literal"),
    [
        ("192.0.2.1", "[192.0.2.1]"),
        ("2001:db8::1", "[IPv6:2001:db8::1]"),
        ("mail.example.test", None),
    ],
)
def test_a_target_named_by_its_ip_address_has_a_literal(host, literal):
    target = Target(address=Address(host, 25))

    assert literal_of(host) == literal
    assert facts_of(target, token="t", domain="example.test").get("literal") == literal
