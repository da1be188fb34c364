"""The DNS by dnspython, which is loaded here and nowhere else, and only where DNS is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.errors import UsageError
from reference_server.relay.exchangers import Absent, Answer, Found, Unknown

PATIENCE: Final = 30.0  # seconds for one question, all servers and tries together


class DnsResolver:
    """Asks the resolvers of this machine, or those that are named.

    With `trusts_ad` their word is believed that an answer was signed (RFC 4035 3.2.3): right for
    a validating resolver at the other end of a wire that nobody taps, such as loopback.
    """

    def __init__(
        self,
        nameservers: Sequence[str] = (),
        *,
        port: int = 53,
        resolv_conf: str = "/etc/resolv.conf",
        trusts_ad: bool = False,
        patience: float = PATIENCE,
    ) -> None:
        import dns.asyncbackend
        import dns.asyncresolver
        import dns.flags
        import dns.resolver

        try:
            self._resolver = dns.asyncresolver.Resolver(resolv_conf, configure=not nameservers)
        except dns.resolver.NoResolverConfiguration as problem:
            raise UsageError(f"dns: {resolv_conf} names no resolver to ask") from problem
        if nameservers:
            self._resolver.nameservers = list(nameservers)
            self._resolver.port = port
        self._resolver.lifetime = patience
        self._backend = dns.asyncbackend.get_backend("trio")
        self._trusts_ad = trusts_ad
        if trusts_ad:
            self._resolver.use_edns(0, dns.flags.DO, 1_232)

    async def exchangers(self, name: str) -> Answer:
        """The MX records of a name."""
        return await self._ask(name, "MX")

    async def addresses(self, name: str) -> Answer:
        """Its A and AAAA records."""
        answers = [await self._ask(name, kind) for kind in ("AAAA", "A")]
        found = [answer for answer in answers if isinstance(answer, Found)]
        records = tuple(record for answer in found for record in answer.records)
        if records or len(found) == len(answers):
            return Found(records, all(answer.is_authentic for answer in found))
        return next(answer for answer in answers if not isinstance(answer, Found))

    async def _ask(self, name: str, kind: str) -> Answer:
        import dns.exception
        import dns.flags
        import dns.name
        import dns.resolver

        try:
            absolute = dns.name.from_text(name)
        except (dns.exception.DNSException, UnicodeError):
            return Absent()  # what cannot be a name is none
        try:
            answer = await self._resolver.resolve(
                absolute, kind, raise_on_no_answer=False, backend=self._backend
            )
        except dns.resolver.NXDOMAIN:
            return Absent()
        except (dns.exception.DNSException, OSError) as problem:
            return Unknown(str(problem).rstrip("."))
        is_signed = self._trusts_ad and bool(answer.response.flags & dns.flags.AD)
        return Found(tuple(map(_record, answer.rrset or ())), is_signed)


def _record(record: object) -> tuple[int, str]:
    exchange = getattr(record, "exchange", None)
    if exchange is None:
        return 0, str(record)
    return record.preference, exchange.to_text(omit_final_dot=True).rstrip(".")  # type: ignore[attr-defined]  # an MX has both
