"""The messages that were found in a mailbox against those that should, or should not, be there."""

from __future__ import annotations

from collections.abc import Sequence

from harness.delivery import Difference, Stored, Wanted, compare
from harness.results import Surprise
from harness.runner.hearing import surprise_at
from harness.transcripts.variables import Values
from harness.transcripts.wants import Delivered, Template


def find_surprise(
    items: Sequence[Delivered],
    found: Sequence[Stored],
    values: Values,
    to: str,
    contents: Sequence[bytes],
    patience: float,
) -> Surprise | None:
    """What is wrong with the messages of one mailbox; `contents` are those that we sent."""
    count = sum(item.count for item in items)
    if len(found) != count:
        within = f" within {patience:g} s" if len(found) < count else ""
        wanted = f"{_messages(count)} for {to}"
        paths = tuple(stored.path for stored in found)
        return surprise_at(items[0].at, wanted, f"{_messages(len(found))}{within}", *paths)
    rest = list(found)
    for item in items:
        wanted_item = wanted_of(item, values)
        for _ in range(item.count):
            match = _take(wanted_item, rest, contents)
            if isinstance(match, Difference):
                where = f"in {rest[0].path}"
                return surprise_at(item.at, match.wanted, match.met, *match.detail, where)
            rest.remove(match)
    return None


def find_unwanted(
    items: Sequence[Delivered], found: Sequence[Stored], values: Values, to: str
) -> Surprise | None:
    """A message that should not be there: one that has all that an item says."""
    for item in items:
        wanted = wanted_of(item, values)
        for stored in found:
            if compare(wanted, stored, None) is None:
                return surprise_at(item.at, f"no such message for {to}", f"one, in {stored.path}")
    return None


def wanted_of(item: Delivered, values: Values) -> Wanted:
    """An item with its variables filled in."""
    received = item.received
    return Wanted(
        body=None if item.body is None else values.render(item.body),
        content=None if item.content is None else values.render(item.content),
        header={name: values.text(text) for name, text in item.header.items()},
        return_path=None if item.return_path is None else values.text(item.return_path),
        has_received=received is not None,
        received_is_optional=received is not None and received.is_optional,
        received_count=received.count if received else None,
        received_with=received.with_ if received else None,
        received_matches=_pattern(received.matches if received else None, values),
        received_lacks=_pattern(received.lacks if received else None, values),
        unchanged=item.unchanged,
        fields=item.fields,
        lacks=None if item.lacks is None else values.render(item.lacks),
    )


def _pattern(template: Template | None, values: Values) -> str | None:
    return None if template is None else values.pattern(template)


def _take(
    wanted: Wanted, found: Sequence[Stored], contents: Sequence[bytes]
) -> Stored | Difference:
    """The first message that is as wanted, or what is different in the first of all."""
    differences = []
    for stored in found:
        difference = _compare(wanted, stored, contents)
        if difference is None:
            return stored
        differences.append(difference)
    return differences[0]


def _compare(wanted: Wanted, stored: Stored, contents: Sequence[bytes]) -> Difference | None:
    """Against the content that the message was made of: whichever of ours comes nearest."""
    differences = [compare(wanted, stored, content) for content in contents or [b""]]
    return None if None in differences else differences[-1]


def _messages(count: int) -> str:
    return f"{count or 'no'} {'message' if count == 1 else 'messages'}"
