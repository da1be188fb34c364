"""The JSON Schema of suites, for editors: keys and words while one types, made from the loader's.

It sees shapes, not dialogues; `lint` sees all.  An editor's YAML takes `250` for a number and `no`
for a truth, the loader takes every value for text, so text may be any scalar here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

from harness.results import Grade
from harness.transcripts.acting import LISTENERS
from harness.transcripts.cases import GRADES, KEYS
from harness.transcripts.ids import NAME_OF_CASE, PATH_OF_SUITE
from harness.transcripts.model import Role
from harness.transcripts.receipts import STATUS
from harness.transcripts.rows import OWN_KEYS
from harness.transcripts.scope import COMPUTED, FACTS
from harness.transcripts.steps import Start
from harness.transcripts.templates import NAME

Schema = dict[str, Any]

_TEXT: Schema = {"type": ["string", "number", "boolean", "null"]}
_DEFAULTS = ("role", "over", "needs", "names", "segment", "texts")  # for all cases of a suite

# What an editor shows for each key of suites, cases and rows.
_TOLD: Mapping[str, str] = {
    "suite": "What the addresses of its cases begin with, such as rfc5321/4.5.2",
    "cases": "One dialogue and its verdict each",
    "tables": "Rows that cases share; `each: marks x places` makes products of them",
    "id": "A name, never a position, and never given to another case later",
    "title": "What a right server does",
    "checks": "Ids of requirements.yaml; the first one gives the grade",
    "caught_by": "The lie of the reference server that must fail the case",
    "role": "The side under test",
    "start": "How far the connection has come when the dialogue begins",
    "end": "drop: hang up without QUIT and its 221",
    "over": "Which listener of the target",
    "needs": "What the target must have; what the lines show need not be said",
    "segment": "as-written: --segment must not cut this case otherwise",
    "grade": "Where the case weighs more than its requirement",
    "why": "Why it weighs more",
    "note": "Which servers differ, and why they may",
    "names": "Words of a pasted dialogue, and what they stand for",
    "texts": "exact: the texts of replies count too",
    "each": "Rows with values of their own, or tables: a case for each",
    "dialogue": "C: and S: lines, as a literal block (|)",
    "delivered": "What must arrive",
    "not_delivered": "What must not",
    "bounced": "The notices that must come",
}


def suite_schema() -> Schema:
    """The schema of a suite's file."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A suite of smtp-harness",
        **_told(
            {
                "suite": _matching(PATH_OF_SUITE),
                "title": _TEXT,
                **_defaults(),
                "tables": {
                    "type": "object",
                    "propertyNames": {"not": {"pattern": r"(?:^|\s)x(?:\s|$)"}},
                    "additionalProperties": _list(_ref("row")),
                },
                "cases": {"anyOf": [{"type": "array", "items": _ref("case")}, _ref("case")]},
            },
            required=["suite", "cases"],
        ),
        "definitions": {
            "case": _told(_case(), required=["id", "dialogue"]),
            "row": _row(),
            "delivered": _delivered(),
            "bounced": _bounced(),
        },
    }


def _defaults() -> dict[str, Schema]:
    made: dict[str, Schema] = {
        "role": _choice(Role),
        "over": _choice(LISTENERS),
        "needs": _some(_TEXT),
        "names": _mapping_to(_TEXT),
        "segment": _choice(["as-written"]),
        "texts": _choice(["exact", "codes"]),
    }
    return {key: made[key] for key in _DEFAULTS}


def _own() -> dict[str, Schema]:
    """What a row may say for itself, and a case for all its rows."""
    said: dict[str, Schema] = {
        "checks": _some(_TEXT),
        "needs": _some(_TEXT),
        "start": _choice(Start),
        "grade": _choice(GRADES),
    }
    return {key: said.get(key, _TEXT) for key in OWN_KEYS}


def _case() -> dict[str, Schema]:
    said: dict[str, Schema] = {
        "id": _matching(NAME_OF_CASE),
        **_own(),
        **_defaults(),
        "end": _choice(["drop"]),
        "each": {
            "anyOf": [_list(_ref("row")), _list(_TEXT), {"type": "string"}, _ref("row")],
        },
        "dialogue": _TEXT,
        "delivered": _some(_ref("delivered")),
        "not_delivered": _some(_ref("delivered")),
        "bounced": _some(_ref("bounced")),
    }
    return {key: said[key] for key in sorted(KEYS)}


def _row() -> Schema:
    """Its own words, and values by whatever name is free."""
    taken = "|".join(sorted({*KEYS, *FACTS, *COMPUTED}))
    return {
        **_told({"id": _matching(NAME_OF_CASE), **_own()}, required=["id"]),
        "patternProperties": {f"^(?!(?:{taken})!?$){NAME}!?$": _TEXT},
    }


def _delivered() -> Schema:
    received = _closed({"count": _number(), "with": _TEXT, "matches": _TEXT, "lacks": _TEXT})
    bodies = ("body", "body!", "content!")
    return {
        **_closed(
            {
                "to": _TEXT,
                "count": _number(1),
                **dict.fromkeys(bodies, _TEXT),
                "header": _mapping_to(_TEXT),
                "return_path": _TEXT,
                "received": received,
                "unchanged": _closed({"header": _some(_TEXT)}),
                "fields": _mapping_to(_number()),
                "lacks": _TEXT,
            }
        ),
        "allOf": [{"not": {"required": list(two)}} for two in combinations(bodies, 2)],
    }


def _bounced() -> Schema:
    keys = {"to": _TEXT, "count": _number(), "status": _matching(STATUS), "return_path": _TEXT}
    return _closed(keys, required=["to"])


def _told(keys: Mapping[str, Schema], *, required: list[str]) -> Schema:
    return _closed({key: {"description": _TOLD[key], **keys[key]} for key in keys}, required)


def _closed(keys: Mapping[str, Schema], required: Iterable[str] = ()) -> Schema:
    """A mapping with these keys and no others."""
    made: Schema = {"type": "object", "properties": dict(keys), "additionalProperties": False}
    return made | ({"required": list(required)} if required else {})


def _mapping_to(value: Schema) -> Schema:
    return {"type": "object", "additionalProperties": value}


def _list(item: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": item}


def _some(item: Schema) -> Schema:
    """One, or a list of them."""
    return {"anyOf": [item, {"type": "array", "items": item}]}


def _choice(words: Iterable[str | Grade]) -> Schema:
    return {"enum": [str(word) for word in words]}


def _matching(pattern: str) -> Schema:
    return {"type": "string", "pattern": f"^(?:{pattern})$"}


def _number(least: int = 0) -> Schema:
    written = "^[0-9]{1,12}$" if least == 0 else "^0*[1-9][0-9]*$"
    return {
        "anyOf": [{"type": "integer", "minimum": least}, {"type": "string", "pattern": written}]
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}
