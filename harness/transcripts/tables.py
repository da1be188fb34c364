"""Tables: rows that many cases of a suite share, and products of them.

    tables:
      marks:
        - {id: lf-dot-lf, mark!: '\\n.\\n'}
        - {id: cr-dot-cr, mark!: '\\r.\\r'}
      places:
        - {id: within-a-line, before: The end?}
        - {id: first-octets, before: ""}
    cases:
      - id: hidden-command
        each: marks x places        # four cases: .../hidden-command/lf-dot-lf/within-a-line

Several of them, `each: [marks x places, marks x sessions]`, follow each other.  A row of a product
has the values of both and says for itself what either says.  What two tables both set would have
one of them lose, so it is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product

from harness.documents import Complaints, Fields, ListNode, TextNode
from harness.transcripts.rows import OWN_KEYS, Row, check_rows, read_rows, warn_of_unused

TIMES = " x "

_ADD_UP = frozenset({"needs"})  # what each of two rows may say


@dataclass(slots=True)
class Tables:
    """The tables of one suite, and which of them and of their values the cases use."""

    _tables: Mapping[str, tuple[TextNode, list[Row]]]
    _complaints: Complaints
    _named: set[str] = field(default_factory=set)
    _used: set[str] = field(default_factory=set)

    @staticmethod
    def read(suite: Fields, case_keys: Collection[str], complaints: Complaints) -> Tables:
        """The tables that stand beside `suite:`."""
        inner = suite.fields("tables")
        tables = {}
        for key, node in inner.rest() if inner else ():
            if TIMES.strip() in key.value.split():
                complaints.add(key.at, f"{key.value!r} cannot name a table", "x is for products")
            if not isinstance(node, ListNode) or not node.items:
                complaints.add(node.at, f"the table {key.value!r} has no rows",
                               "`- {id: a, value: b}` lines")  # fmt: skip
                continue
            rows = read_rows(node.items, case_keys, complaints)
            check_rows(rows, complaints)
            tables[key.value] = (key, rows)
        return Tables(tables, complaints)

    def rows(self, each: Iterable[TextNode]) -> list[Row]:
        """The rows of `each: marks`, `each: marks x places` or `each: [marks, others]`."""
        found: dict[str, Row] = {}
        for node in each:
            for row in self._rows(node):
                if found.setdefault(row.id or "", row) is not row:
                    self._complaints.add(node.at, f"two of these rows are {row.id!r}")
        return list(found.values())

    def _rows(self, each: TextNode) -> list[Row]:
        names = each.value.split(TIMES)
        unknown = [name for name in names if name not in self._tables]
        for name in unknown:
            self._complaints.unknown(each.at, "table", name, self._tables)
        self._named.update(names)
        if unknown:
            self.use_all()
            return []
        tables = [self._tables[name][1] for name in names]
        for one, other in combinations(tables, 2):
            for both in sorted(_said(one) & _said(other)):
                self._complaints.add(each.at, f"two of these tables say {both!r}")
        return [_times(rows) for rows in product(*tables)]

    def use(self, values: Iterable[str]) -> None:
        """These values stand in a case that tables are for."""
        self._used.update(values)

    def use_all(self) -> None:
        """A case could not be read, so nobody can tell what it would have used."""
        self._named.update(self._tables)
        self._used.update(name for _, rows in self._tables.values() for name in _said(rows))

    def warn_of_unused(self) -> None:
        """Warns of tables that no case names, and of values that no line holds."""
        for name, (key, rows) in self._tables.items():
            if name in self._named:
                warn_of_unused(rows, self._used, self._complaints)
            else:
                self._complaints.warn(key.at, f"nothing uses the table {name!r}",
                                      f"a case would, with `each: {name}`")  # fmt: skip


def _times(rows: Sequence[Row]) -> Row:
    """What rows of several tables come to."""
    return Row(
        tuple(fields for row in rows for fields in row.fields),
        "/".join(row.id or "" for row in rows),
        rows[0].at,
        {name: value for row in rows for name, value in row.values.items()},
        {name: node for row in rows for name, node in row.written.items()},
    )


def _said(rows: Iterable[Row]) -> set[str]:
    """The values that rows set, and what they say for themselves."""
    own = {
        key for row in rows for fields in row.fields for key in OWN_KEYS if key in fields
    } - _ADD_UP
    return own | {name for row in rows for name in row.values}
