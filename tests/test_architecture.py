"""The house plan, held: which room may import which, and which process may hold what."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# room -> the rooms that it may import from, besides itself (DESIGN: imports point one way)
_PROTOCOL = {"harness", "harness.errors", "harness.protocol"}
_VALUES = _PROTOCOL | {"harness.documents", "harness.results", "harness.certificates"}
_LANGUAGE = _VALUES | {"harness.transcripts", "harness.target", "harness.visible"}
_WIRE = _LANGUAGE | {"harness.wire"}
_ENGINE = _WIRE | {"harness.client", "harness.delivery", "harness.probing", "harness.runner"}
_LOAD = _VALUES | {
    *("harness.target", "harness.histogram", "harness.load_results", "harness.visible"),
    "harness.accounting",
}
MAY_IMPORT = {
    "harness.errors": {"harness.protocol"},
    "harness.protocol": _PROTOCOL,
    "harness.visible": set(),
    "harness.content": set(),
    "harness.histogram": set(),
    "harness.json_reading": set(),
    "harness.documents": _PROTOCOL,
    "harness.results": _PROTOCOL | {"harness.visible", "harness.json_reading"},
    "harness.load_results": _VALUES | {"harness.histogram", "harness.json_reading"},
    "harness.accounting": _PROTOCOL
    | {
        "harness.json_reading",
        "harness.load_results",
        "harness.histogram",
        "harness.visible",
        "harness.content",
    },
    "harness.certificates": _PROTOCOL,
    "harness.target": _VALUES,
    "harness.transcripts": _VALUES | {"harness.visible"},
    "harness.commands": {"harness.errors"},
    "harness.wire": _LANGUAGE,
    "harness.client": _WIRE,
    "harness.delivery": _WIRE
    | {"harness.client", "harness.commands", "harness.content", "harness.json_reading"},
    "harness.probing": _WIRE | {"harness.client"},
    "harness.runner": _ENGINE,
    "harness.reports": _VALUES | {"harness.visible", "harness.load_results", "harness.histogram"},
    "harness.cli": _ENGINE
    | _LOAD
    | {"harness.commands", "harness.reports", "reference_server", "loadtests"},
    "smtp_harness_pytest": _ENGINE | {"harness.reports", "harness.cli"},
    "reference_server": _WIRE | {"harness.client"},
    "loadtests": _LOAD,
}
SOURCES = [
    path
    for top in ("harness", "reference_server", "loadtests")
    for path in sorted((ROOT / top).rglob("*.py"))
] + [ROOT / "smtp_harness_pytest.py"]


def room_of(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "harness" else parts[0]


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
    return found


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_imports_point_down(path):
    room = room_of(module_of(path))
    if room == "harness":  # the package itself imports nothing
        assert not any(name.startswith("harness") for name in imports_of(path))
        return
    ours = {name for name in imports_of(path) if room_of(name).split(".")[0] in _TOPS}
    wrong = {name for name in ours if room_of(name) not in MAY_IMPORT[room] | {room}}
    assert wrong == set()


_TOPS = {"harness", "reference_server", "loadtests", "smtp_harness_pytest"}
_IO = {"trio", "socket", "ssl", "asyncio", "gevent", "locust", "time", "logging", "os", "selectors"}


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_protocol_and_transcripts_do_no_io(path):
    room = room_of(module_of(path))
    if room in ("harness.protocol", "harness.reports", "harness.transcripts"):
        assert {name.split(".")[0] for name in imports_of(path)} & (_IO - {"os"}) == set()


HOUSES = ("harness", "reference_server", "loadtests")
ROOMS = sorted(path.parent for top in HOUSES for path in (ROOT / top).glob("*/__init__.py"))


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_whoever_contributes_is_told_of_every_room(room):
    lines = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()
    named = "".join(line.split("|")[1] for line in lines if line.startswith("| "))
    assert f"`{room.name}`" in named or f"`{room.parent.name}/{room.name}`" in named


COMMANDS = sorted((ROOT / "harness" / "cli").glob("*.py"))


@pytest.mark.parametrize("path", COMMANDS, ids=module_of)
def test_a_subcommand_imports_the_server_and_the_load_only_where_it_needs_them(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    on_top = {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert not [name for name in on_top if name.split(".")[0] in ("reference_server", "loadtests")]


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_locust_stays_in_loadtests_and_trio_out_of_it(path):
    foreign = {name.split(".")[0] for name in imports_of(path)}
    if path.is_relative_to(ROOT / "loadtests"):
        assert "trio" not in foreign
    else:
        assert not foreign & {"locust", "gevent"}


@pytest.mark.slow
def test_importing_harness_loads_neither_gevent_nor_locust():
    modules = [module_of(path) for path in SOURCES if not path.is_relative_to(ROOT / "loadtests")]
    script = (
        "import importlib, sys\n"
        f"for name in {modules!r}:\n"
        "    if not name.endswith('__main__'): importlib.import_module(name)\n"
        "print(sorted({'gevent', 'locust'} & set(sys.modules)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert run.stdout.strip() == "[]"
