"""The schema for editors and the loader say the same of keys, their words and their shapes."""

from __future__ import annotations

import json
from textwrap import dedent

import jsonschema
import pytest
import yaml

from harness.documents import Complaints, parse
from harness.transcripts.loader import find_suites, read_root, shipped_suites
from harness.transcripts.schema import suite_schema
from tests.transcripts.test_cases import KEYS, RIGHT, SUITES
from tests.transcripts.written import CATALOGUE, sentences, wrap

SCHEMA = suite_schema()
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
SEEN = (  # what is wrong with a shape, as the loader says it
    "unknown key", "unknown start", "unknown role", "unknown end", "unknown over",
    "unknown segment", "unknown texts", "unknown grade", "must be a mapping", "has no '",
    "where text is wanted", "must be a whole number", "must be at least", "is no id",
    "holds for all rows", "has a meaning of its own", "cannot be the name of a value",
    "has no rows", "has no row", "the body is given twice", "is no status", "cannot name a table",
)  # fmt: skip
DIALOGUE = "      dialogue: |\n        C: NOOP\n"
CASE = "suite: s\ncases:\n    - id: a\n" + DIALOGUE


def is_refused(text):
    """Whether the schema finds something wrong, each scalar read as text."""
    return not VALIDATOR.is_valid(yaml.load(dedent(text), yaml.BaseLoader))


def test_the_schema_is_one():
    jsonschema.Draft7Validator.check_schema(SCHEMA)


def test_the_file_beside_the_suites_is_what_the_command_prints():
    assert json.loads((shipped_suites() / "schema.json").read_text()) == SCHEMA, (
        "smtp-harness schema >suites/schema.json"
    )


@pytest.mark.slow
def test_every_shipped_suite_is_right_by_it():
    paths = find_suites(shipped_suites())
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    wrong = {
        str(path): error.message
        for path in paths
        for error in VALIDATOR.iter_errors(yaml.load(path.read_text(), loader))
    }

    assert len(paths) > 50
    assert wrong == {}


# --- keys ------------------------------------------------------------------------------------


class Asked(Complaints):
    """Complaints that remember which words there would have been for an unknown one."""

    def __init__(self):
        super().__init__()
        self.words = {}

    def unknown(self, at, what, word, known):
        if word == "zzz":
            self.words[what] = set(known)
        return super().unknown(at, what, word, known)


def words(text):
    """The words that the loader knows where `zzz` stands: what it is -> all that it could be."""
    asked = Asked()
    root = parse(dedent(text), "x.smtp.yaml", asked)
    read_root(root, shipped_suites() / "x.smtp.yaml", CATALOGUE, asked)
    return asked.words


def keys_of(*path):
    """The keys of a mapping in the schema."""
    found = SCHEMA
    for step in path:
        found = found[step]
    return set(found["properties"])


DELIVERED = ("definitions", "delivered")
MAPPINGS = {
    "a suite": ("suite: s\nzzz: 1\ncases: []\n", ()),
    "a case": (CASE + "      zzz: 1\n", ("definitions", "case")),
    "delivered": (CASE + "      delivered: {zzz: 1}\n", DELIVERED),
    "not delivered": (CASE + "      not_delivered: {zzz: 1}\n", DELIVERED),
    "received": (
        CASE + "      delivered: {received: {zzz: 1}}\n",
        (*DELIVERED, "properties", "received"),
    ),
    "unchanged": (
        CASE + "      delivered: {unchanged: {zzz: 1}}\n",
        (*DELIVERED, "properties", "unchanged"),
    ),
    "bounced": (CASE + "      bounced: {to: x, zzz: 1}\n", ("definitions", "bounced")),
}


@pytest.mark.parametrize(("text", "path"), MAPPINGS.values(), ids=MAPPINGS)
def test_schema_and_loader_know_the_same_keys(text, path):
    assert keys_of(*path) == words(text)["key"]
    assert is_refused(text)


def test_every_mapping_of_the_schema_is_held():
    def closed(node, at=()):
        if isinstance(node, dict):
            if node.get("additionalProperties") is False:
                yield at
            for key, inner in node.items():
                yield from closed(inner, (*at, key))

    held = {path for _, path in MAPPINGS.values()} | {("definitions", "row")}
    assert set(closed(SCHEMA)) == held


@pytest.mark.parametrize("key", ["role", "over", "segment", "texts"])
def test_schema_and_loader_know_the_same_words_beside_suite(key):
    text = f"suite: s\n{key}: zzz\ncases: []\n"

    assert set(SCHEMA["properties"][key]["enum"]) == words(text)[key]
    assert is_refused(text)


def choices(of):
    return [
        key for key, inner in SCHEMA["definitions"][of]["properties"].items() if "enum" in inner
    ]


@pytest.mark.parametrize("key", choices("case"))
def test_schema_and_loader_know_the_same_words_in_a_case(key):
    text = f"{CASE}      {key}: zzz\n"

    assert set(SCHEMA["definitions"]["case"]["properties"][key]["enum"]) == words(text)[key]


@pytest.mark.parametrize("key", choices("row"))
def test_schema_and_loader_know_the_same_words_in_a_row(key):
    text = f"{CASE}      each: [{{id: r, {key}: zzz}}]\n"

    assert set(SCHEMA["definitions"]["row"]["properties"][key]["enum"]) == words(text)[key]


def test_what_a_row_may_not_say_is_refused_by_both():
    for key in keys_of("definitions", "case") - keys_of("definitions", "row"):
        text = f"{CASE}      each: [{{id: r, {key}: x}}]\n"
        assert f"{key!r} holds for all rows (write it beside `each:`)" in sentences(text)
        assert is_refused(text)


# --- shapes ----------------------------------------------------------------------------------

WRONG = {
    **{name: text for name, (text, _) in SUITES.items()},
    **{keys: wrap("C: NOOP\nS: 250", keys) for keys in KEYS},
    **{
        keys: wrap("C: NOOP", keys)
        for keys in (
            "each: []",
            "each: [{v: 1}]",
            "each: [{id: r, token: x}]",
            "each: [{id: r, a b: x}]",
            "each: [{id: r, v: [x]}]",
            "each: [{id: r, v: {x: y}}]",
            "each: [{id: 3}]",
            "names: [a]",
            "names: {a: [b]}",
            "delivered: x",
            "delivered: {count: 0}",
            "delivered: {count: many}",
            "delivered: {header: x}",
            "delivered: {received: x}",
            "delivered: {fields: {X: many}}",
            "delivered: {body: x, body!: y}",
            "delivered: {body: x, content!: y}",
            "not_delivered: {to: [a, b]}",
            "bounced: {}",
            "bounced: {to: x, status: 5}",
            "checks: [[a]]",
            "note: {a: b}",
        )
    },
    "a table of nothing": "suite: s\ntables: {t: []}\ncases: []\n",
    "a table that is text": "suite: s\ntables: {t: x}\ncases: []\n",
    "a table's name": "suite: s\ntables: {a x b: [{id: r}]}\ncases: []\n",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_a_wrong_shape_is_refused_by_both(text):
    told = sentences(text)
    assert told

    shapes = [it for it in told if any(word in it for word in SEEN) and "repeated" not in it]
    assert is_refused(text) == bool(shapes), told


@pytest.mark.parametrize("keys", RIGHT)
def test_what_a_case_may_say_is_right_by_it(keys):
    assert not is_refused(wrap("C: NOOP\nS: 250", keys))


def test_numbers_and_truths_of_an_editor_s_yaml_are_text():
    text = wrap("C: NOOP", "title: 250\nnote: no\nwhy:\ndelivered: {count: 2, fields: {X: 0}}")

    assert VALIDATOR.is_valid(yaml.safe_load(text))
