"""What was said and done in a case, a line each."""

from __future__ import annotations


def told(result) -> list[str]:
    return [
        exchange.happened or f"{exchange.who}: {exchange.octets.decode().rstrip()}"
        for exchange in result.exchanges
    ]
