"""Reading a table of faults: from a file, or from what came through the control port."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from harness.documents import (
    Complaints,
    DocumentError,
    Fields,
    ListNode,
    MappingNode,
    Node,
    Place,
    TextNode,
    nearest,
    parse,
    read,
)
from harness.errors import UsageError
from reference_server.faults import notation
from reference_server.faults.model import (
    KNOWN,
    MEANINGFUL,
    TRICKS,
    WHO,
    Always,
    Every,
    Greylist,
    Network,
    Nth,
    Pattern,
    Rate,
    Row,
    Stage,
    Table,
    Times,
    Trick,
    When,
    Who,
    Written,
)
from reference_server.faults.tricking import WHOLE, default_reply, read_trick

T = TypeVar("T")

WHENS: Final = ("times", "nth", "every", "greylist", "rate")
KEYS: Final = TRICKS.union(WHO, WHENS, ("name", "at", "per", "odds", "burst"))
_FEW: Final = 4  # stages that are named one by one
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_BY_WORD: Final = {stage.value.lower(): stage for stage in Stage}


def read_table(path: Path) -> Table:
    """The table in a file; raises DocumentError with all that is wrong with it."""
    complaints = Complaints()
    root = read(path, complaints)
    complaints.raise_errors()
    return _table(root, complaints)


def parse_table(text: str) -> Table:
    """The table in a YAML or JSON text; raises UsageError with lines and columns of the text."""
    complaints = Complaints()
    try:
        root = parse(text, "", complaints)
        complaints.raise_errors()
        return _table(root, complaints)
    except DocumentError as error:
        raise UsageError(_without_file(error)) from error


def added(table: Table, more: Table) -> Table:
    """A table with more rows below; a name that is taken is an error, a nameless row gets one."""
    taken = {row.name for row in table.rows}
    twice = [row.name for row in more.rows if row.name in taken and "name" in row.written]
    if twice:
        raise UsageError(f"there is a fault {twice[0]!r} already")
    return Table((*table.rows, *_named(more.rows, taken)), table.seed)


def _without_file(error: DocumentError) -> str:
    return "\n".join(
        f"line {one.at.line}, column {one.at.column}: {one.sentence}" for one in error.complaints
    )


# --- the table -----------------------------------------------------------------------------------


def _table(root: Node | None, complaints: Complaints) -> Table:
    """A mapping with `faults`, a list of rows, or a single row."""
    seed = 0
    nodes: tuple[Node | None, ...] = (root,)
    if isinstance(root, ListNode):
        nodes = root.items
    elif isinstance(root, MappingNode) and not _is_row(root):
        with Fields(root, complaints, "a table of faults") as table:
            seed = table.number("seed", 0) or 0
            nodes = table.items("faults") if table.require("faults") else ()
    rows = [_Reader(node, seed, complaints).row() for node in nodes if node is not None]
    _complain_of_twins(rows, nodes, complaints)
    complaints.raise_errors()
    return Table(_named(rows, set()), seed)


def _is_row(root: MappingNode) -> bool:
    return root.get("faults") is None and any(root.get(key) for key in ("at", "greylist"))


def _complain_of_twins(
    rows: Iterable[Row], nodes: Iterable[Node | None], complaints: Complaints
) -> None:
    seen: set[str] = set()
    for row, node in zip(rows, nodes, strict=True):
        if row.name and row.name in seen and isinstance(node, MappingNode):
            name = node.get("name")
            assert name is not None
            complaints.add(name.at, f"there is a fault {row.name!r} already")
        seen.add(row.name)


def _named(rows: Iterable[Row], taken: set[str]) -> tuple[Row, ...]:
    """The rows, those without a name called by the first free number."""
    rows = tuple(rows)
    taken = taken | {row.name for row in rows if "name" in row.written}
    named = []
    for row in rows:
        name = row.name
        if "name" not in row.written:
            name = next(number for n in range(1, len(taken) + 2) if (number := str(n)) not in taken)
            taken.add(name)
        named.append(replace(row, name=name))
    return tuple(named)


# --- a row ---------------------------------------------------------------------------------------


class _Reader:
    """Reads one row; what is wrong has been complained of."""

    def __init__(self, node: Node, seed: int, complaints: Complaints) -> None:
        self._node = node
        self._seed = seed
        self._complaints = complaints
        self._fields = Fields(node, complaints, "a fault")

    def row(self) -> Row:
        """The whole of it."""
        with self._fields as fields:
            name = self._name()
            stages = self._stages()
            who, when, per = self._who(stages), self._when(stages), self._per(stages)
            odds = self._fields.made(fields.node("odds"), notation.read_odds)
            trick = read_trick(fields, stages, f"{self._seed}/{name}")
            self._complain_of_meaningless(stages)
        if trick is None and isinstance(when, Greylist | Rate):
            trick = Trick(reply=default_reply(stages, when))
        elif trick is None:
            self._complain_of_nothing()
        return Row(
            name=name,
            stages=stages,
            who=who,
            when=when,
            per=per,
            odds=1.0 if odds is None else odds,
            trick=trick or Trick(),
            written=_written(self._node),
        )

    def _name(self) -> str:
        node = self._fields.node("name")
        if node is None:
            return ""
        if not _NAME.fullmatch(node.value):
            self._complaints.add(node.at, f"{node.value!r} is no name for a fault",
                                 "letters, digits and . _ - alone, 64 at most")  # fmt: skip
        return node.value

    def _stages(self) -> tuple[Stage, ...]:
        """The stages; without any, none of the tables below has anything to object to."""
        fields = self._fields
        if "at" not in fields and "greylist" in fields:
            fields.take("at")
            return (Stage.RCPT,)
        if not fields.require("at"):
            return ()
        found = [self._stage(node) for node in fields.text_nodes("at")]
        return tuple(dict.fromkeys(stage for stage in found if stage is not None))

    def _stage(self, node: TextNode) -> Stage | None:
        stage = _BY_WORD.get(node.value.lower())
        if stage is None:
            words = [one.value for one in Stage]
            self._complaints.add(
                node.at,
                f"unknown stage {node.value!r}",
                nearest(node.value, words) or f"there are: {', '.join(words)}",
            )
        return stage

    # --- whom

    def _who(self, stages: Collection[Stage]) -> Who:
        for key in WHO:
            if key in self._fields:
                self._complain_of_unknown(key, self._fields.place(key), stages)
        return Who(
            recipients=self._patterns("recipient"),
            domains=self._patterns("domain"),
            senders=self._patterns("sender"),
            clients=self._networks(),
            users=self._patterns("user"),
        )

    def _complain_of_unknown(self, fact: str, at: Place, stages: Collection[Stage]) -> None:
        for stage in stages:
            if fact not in KNOWN[stage]:
                later = [one.value for one in Stage if fact in KNOWN[one]]
                self._complaints.add(
                    at, f"no {fact} is known at {stage.value}", f"it is at {', '.join(later)}"
                )

    def _patterns(self, key: str) -> tuple[Pattern, ...]:
        return tuple(
            Pattern(text[1:-1] if text.startswith("<") and text.endswith(">") else text)
            for text in self._fields.texts(key)
        )

    def _networks(self) -> tuple[Network, ...]:
        nodes = self._fields.text_nodes("client")
        found = [self._fields.made(node, _read_network) for node in nodes]
        return tuple(network for network in found if network is not None)

    # --- when

    def _when(self, stages: Collection[Stage]) -> When:
        said = [key for key in WHENS if key in self._fields]
        for key in said[1:]:
            self._complaints.add(self._fields.place(key), f"{key!r} beside {said[0]!r}",
                                 "one of them in a row; write two rows")  # fmt: skip
        found = [self._one_when(key, stages) for key in WHENS]
        if self._fields.take("burst") is not None and "rate" not in self._fields:
            self._complaints.add(self._fields.place("burst"), "'burst' without 'rate'")
        return next((when for when in found if when is not None), Always())

    def _one_when(self, key: str, stages: Collection[Stage]) -> When | None:
        fields = self._fields
        match key:
            case "times":
                count = fields.number("times", minimum=1)
                return None if count is None else Times(count)
            case "every":
                count = fields.number("every", minimum=1)
                return None if count is None else Every(count)
            case "nth":
                numbers = [
                    self._fields.made(node, notation.read_count) for node in fields.text_nodes(key)
                ]
                known = frozenset(number for number in numbers if number is not None)
                return Nth(known) if known else None
            case "greylist":
                return self._greylist(stages)
            case _:
                return self._rate()

    def _greylist(self, stages: Collection[Stage]) -> When | None:
        seconds = self._fields.duration("greylist")
        if seconds is None:
            return None
        if set(stages) != {Stage.RCPT}:
            self._complaints.add(self._fields.place("greylist"), "a greylist is kept at RCPT alone")
        return Greylist(seconds)

    def _rate(self) -> When | None:
        rate = self._fields.made(self._fields.node("rate"), notation.read_rate)
        if rate is None:
            return None
        count, seconds = rate
        burst = self._fields.number("burst", minimum=1)
        return Rate(count / seconds, float(burst or max(count, 1)))

    def _per(self, stages: Collection[Stage]) -> str | None:
        node = self._fields.node("per")
        if node is None:
            return None
        facts = (*WHO, "connection")
        if node.value not in facts:
            self._complaints.unknown(node.at, "fact", node.value, facts)
            return None
        if not any(key in self._fields for key in ("times", "nth", "every", "rate")):
            self._complaints.add(node.at, "'per' where nothing is counted",
                                 "it goes with times, nth, every or rate")  # fmt: skip
        self._complain_of_unknown(node.value, node.at, stages)
        return node.value

    # --- what

    def _complain_of_meaningless(self, stages: Collection[Stage]) -> None:
        for key in sorted(TRICKS):
            for stage in stages:
                if key in self._fields and key not in MEANINGFUL[stage]:
                    there = [one.value for one in Stage if key in MEANINGFUL[one]]
                    few = f"it does at {', '.join(there)}"
                    self._complaints.add(
                        self._fields.place(key),
                        f"{key!r} means nothing at {stage.value}",
                        few if len(there) <= _FEW else "it does wherever a reply is due",
                    )

    def _complain_of_nothing(self) -> None:
        """The row does nothing; unless it meant to, in words that have been complained of."""
        node = self._node
        if isinstance(node, MappingNode) and all(key.value in KEYS for key, _ in node.entries):
            self._complaints.add(node.at, "this fault does nothing", f"it could: {WHOLE}")


def _read_network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise UsageError(
            f"{text!r} is neither an address nor a network such as 127.0.0.0/8"
        ) from None


def _written(node: Node) -> dict[str, Written]:
    """A row as its author wrote it, to be shown and read again."""
    return (
        {key.value: _as_written(value) for key, value in node.entries}
        if isinstance(node, MappingNode)
        else {}
    )


def _as_written(node: Node) -> Written:
    match node:
        case TextNode(value=value):
            return value
        case ListNode(items=items):
            return [item.value for item in items if isinstance(item, TextNode)]
        case MappingNode(entries=entries):
            return {k.value: v.value for k, v in entries if isinstance(v, TextNode)}
