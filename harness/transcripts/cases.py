"""Cases: the keys of one case, and what follows from them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.documents import Complaints, Fields, Node, TextNode
from harness.results import Grade
from harness.transcripts.acting import LISTENERS
from harness.transcripts.catalogue import Catalogue
from harness.transcripts.dialogue import Setting
from harness.transcripts.grammar import read_dialogue
from harness.transcripts.ids import Ids
from harness.transcripts.model import Case, Role
from harness.transcripts.needs import inferred_needs, read_needs
from harness.transcripts.receipts import Receipts, templates_of_receipts
from harness.transcripts.rows import Row, check_rows, names_in_title, read_rows, warn_of_unused
from harness.transcripts.scope import FACTS, Scope
from harness.transcripts.steps import Hear, Start, Step, Write
from harness.transcripts.tables import Tables
from harness.transcripts.templates import Names
from harness.transcripts.walking import all_steps, names_set, templates
from harness.transcripts.wants import Bounced, Delivered, Template

KEYS = frozenset({"id", "title", "checks", "caught_by", "role", "start", "end", "over", "needs",
                  "segment", "grade", "why", "note", "names", "texts", "each", "dialogue",
                  "delivered", "not_delivered", "bounced"})  # fmt: skip

_RANK = {Grade.MAY: 0, Grade.SHOULD: 1, Grade.DE_FACTO: 1, Grade.MUST: 2, Grade.VULNERABILITY: 2}
GRADES = (Grade.MUST, Grade.SHOULD, Grade.VULNERABILITY)  # to which a case may raise its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What a suite says for all its cases."""

    role: Role = Role.SERVER
    over: str | None = None
    needs: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    as_written: bool = False
    is_exact: bool = False

    @staticmethod
    def read(
        fields: Fields, above: Defaults, catalogue: Catalogue, complaints: Complaints
    ) -> Defaults:
        """What suite or case say, on top of what was said above."""
        role = fields.choice("role", [role.value for role in Role])
        exact = fields.choice("texts", ("exact", "codes"))
        segment = fields.choice("segment", ("as-written",))
        needs = read_needs(fields.text_nodes("needs"), catalogue, complaints)
        return Defaults(
            role=Role(role) if role else above.role,
            over=fields.choice("over", LISTENERS) or above.over,
            needs=above.needs + needs,
            names={**above.names, **_names(fields, complaints)},
            as_written=above.as_written or segment is not None,
            is_exact=above.is_exact if exact is None else exact == "exact",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Played:
    """What all rows of a case share."""

    defaults: Defaults
    steps: tuple[Step, ...]
    delivered: tuple[Delivered, ...]
    not_delivered: tuple[Delivered, ...]
    bounced: tuple[Bounced, ...]

    @property
    def receipts(self) -> tuple[Delivered | Bounced, ...]:
        return (*self.delivered, *self.not_delivered, *self.bounced)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReader:
    """Reads the cases of one suite, one after the other."""

    suite: str
    folder: Path
    defaults: Defaults
    catalogue: Catalogue
    lies: Collection[str] | None  # the names that `caught_by:` may hold, if they are known
    complaints: Complaints
    ids: Ids
    tables: Tables

    def read(self, node: Node) -> list[Case]:
        """The case of one mapping, or one case for each of its rows."""
        with Fields(node, self.complaints, "a case") as fields:
            for key in KEYS:
                fields.take(key)  # a key is known even where no row leaves it a meaning
            id = self.ids.read(fields)
            defaults = Defaults.read(fields, self.defaults, self.catalogue, self.complaints)
            rows = self._rows(fields)
            played = self._played(fields, defaults, check_rows(rows, self.complaints))
            self._look_for_unused(fields, rows, played)
            drops = fields.choice("end", ("drop",)) is not None
            alone = Row((), None, fields.at)
            return [
                replace(self._case(fields, id, row, played), drops=drops) for row in rows or [alone]
            ]

    def _rows(self, fields: Fields) -> list[Row]:
        each, nodes = fields.take("each"), fields.items("each")
        if each and not nodes:
            self.complaints.add(each.at, "'each' has no row", "write one, or leave it out")
        names = [node for node in nodes if isinstance(node, TextNode)]
        if names:
            return self.tables.rows(names)
        return read_rows(nodes, KEYS, self.complaints)

    def _look_for_unused(self, fields: Fields, rows: Sequence[Row], played: _Played) -> None:
        """Values that no line uses; those of tables may be used by another case."""
        if not played.steps:
            self.tables.use_all()
            return
        used = _names_used(played, fields.text("title"))
        if any(isinstance(node, TextNode) for node in fields.items("each")):
            self.tables.use(used)
        else:
            warn_of_unused(rows, used, self.complaints)

    def _played(self, fields: Fields, defaults: Defaults, values: frozenset[str]) -> _Played:
        setting = Setting(
            self.complaints,
            Names(defaults.names),
            defaults.role,
            self.folder,
            defaults.is_exact,
            values,
        )
        block = fields.node("dialogue") if fields.require("dialogue") else None
        steps = read_dialogue(block, setting) if block else ()
        receipts = Receipts(setting.names, self.complaints)
        played = _Played(
            defaults=defaults,
            steps=steps,
            delivered=receipts.delivered(fields, "delivered"),
            not_delivered=receipts.delivered(fields, "not_delivered"),
            bounced=receipts.bounced(fields),
        )
        Scope(values, self.complaints).walk(steps)
        set_inside = {name for step in all_steps(steps) for name in names_set(step)}
        after = Scope(values | set_inside, self.complaints)
        for template in templates_of_receipts(played.receipts):
            after.check(template)
        return played

    def _case(self, fields: Fields, id: str, row: Row, played: _Played) -> Case:
        """What row and case say, the row first."""
        of = [*row.fields, fields]
        title = next((node for it in of if (node := it.node("title"))), None)
        checks = next((nodes for it in of if (nodes := it.text_nodes("checks"))), ())
        start = self._start(of, played.defaults.role)
        needs = played.defaults.needs
        for own in row.fields:
            needs += read_needs(own.text_nodes("needs"), self.catalogue, self.complaints)
        known = self._known_checks(checks)
        grade, why = self._grade(of, known)
        return Case(
            suite=self.suite,
            id=id,
            row=row.id,
            title=row.title(title, self.complaints) or row.id or id,
            checks=known,
            caught_by=self._lie(of),
            role=played.defaults.role,
            start=start,
            over=played.defaults.over,
            needs=tuple(dict.fromkeys([*needs, *_inferred(played, start, row.values)])),
            as_written=played.defaults.as_written,
            grade=grade,
            why=why,
            note=_first(of, "note"),
            steps=played.steps,
            delivered=played.delivered,
            not_delivered=played.not_delivered,
            bounced=played.bounced,
            values=row.values,
            holds_token=_holds_token(played.steps, row.values),
            at=row.at,
        )

    def _start(self, of: Sequence[Fields], role: Role) -> Start:
        words = [start.value for start in Start]
        word = next((word for it in of if (word := it.choice("start", words))), None)
        if word not in (None, "connect") and role is Role.CLIENT:
            at = next(it.place("start") for it in of if "start" in it)
            self.complaints.add(at, "a client's case begins when the client connects",
                                 "leave `start:` out")  # fmt: skip
        return Start(word) if word else Start.CONNECT

    def _lie(self, of: Sequence[Fields]) -> str | None:
        node = next((node for it in of if (node := it.node("caught_by"))), None)
        if node is not None and self.lies is not None and node.value not in self.lies:
            self.complaints.unknown(node.at, "lie", node.value, self.lies)
        return node.value if node is not None else None

    def _known_checks(self, nodes: Iterable[TextNode]) -> tuple[str, ...]:
        known = []
        for node in nodes:
            if node.value in self.catalogue.entries:
                known.append(node.value)
            else:
                ids = self.catalogue.entries
                self.complaints.unknown(node.at, "catalogue id", node.value, ids)
        return tuple(known)

    def _grade(
        self, of: Sequence[Fields], checks: tuple[str, ...]
    ) -> tuple[str | None, str | None]:
        """A grade may be raised with a reason; that an attacker gains is reason enough."""
        word = next((word for it in of if (word := it.choice("grade", GRADES))), None)
        why = _first(of, "why")
        at = next((it.place("grade") for it in of if "grade" in it), None)
        if word is None or at is None:
            return None, why
        entry = self.catalogue.entries[checks[0]] if checks else None
        least = _RANK[entry.grade] if entry else _RANK[Grade.DE_FACTO]
        if entry and _RANK[Grade(word)] < least:
            self.complaints.add(at, f"{word} lowers the {entry.grade} of {entry.id}",
                                 "a case may only raise its grade")  # fmt: skip
        elif word != Grade.VULNERABILITY and _RANK[Grade(word)] > least and not why:
            self.complaints.add(at, f"a grade raised to {word} without a reason",
                                 "add `why:`")  # fmt: skip
        return word, why


def _names(fields: Fields, complaints: Complaints) -> dict[str, str]:
    names = {}
    for word, node in fields.pairs("names").items():
        if node.value in FACTS:
            names[word] = node.value
        else:
            complaints.unknown(node.at, "variable", node.value, FACTS)
    return names


def _first(of: Iterable[Fields], key: str) -> str | None:
    return next((text for fields in of if (text := fields.text(key))), None)


def _inferred(played: _Played, start: Start, values: Mapping[str, Template]) -> list[str]:
    needs = ["delivery"] if played.delivered or played.not_delivered else []
    needs += ["bounce"] if played.bounced else []
    return needs + list(
        inferred_needs(
            role=played.defaults.role,
            start=start,
            over=played.defaults.over,
            steps=played.steps,
            others=templates_of_receipts(played.receipts),
            values=values,
        )
    )


def _names_used(played: _Played, title: str | None) -> set[str]:
    steps = list(all_steps(played.steps))
    texts = [template for step in steps for template in templates(step)]
    texts += templates_of_receipts(played.receipts)
    heard = {name for step in steps if isinstance(step, Hear) for name in names_set(step)}
    return (
        {it.name for text in texts for it in text.variables} | heard | names_in_title(title or "")
    )


def _holds_token(steps: tuple[Step, ...], values: Mapping[str, Template]) -> bool:
    names = {
        variable.name
        for step in all_steps(steps)
        if isinstance(step, Write)
        for template in templates(step)
        for variable in template.variables
    }
    of_row = (it.name for name in names & values.keys() for it in values[name].variables)
    return "token" in {*names, *of_row}
