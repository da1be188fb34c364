"""A maintainer's repository: a server that nobody here wrote, and what the docs say about CI."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ports import reserved_port

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "ci" / "targets" / "aiosmtpd" / "server.py"
_STARTS = f"""\
#!/bin/sh
exec '{sys.executable}' -W ignore '{SERVER}' --port "$SMTP_PORT" --home .
"""
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks(language):
    """The blocks of docs/ci.md in a language, as they stand."""
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    return [block for kind, block in _BLOCK.findall(text) if kind == language]


@dataclass(frozen=True)
class Repository:
    """A folder with `smtp-target.yaml` in it, and what a CI has set there."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *words, **variables):
        return subprocess.run(
            words,
            cwd=self.folder,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
        )

    def run_suites(self, **variables):
        return self.run(ROOT / "ci" / "run-suites", **variables)

    @property
    def names(self):
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "smtp-target.yaml").write_text(blocks("yaml")[0])
    (folder / "smtp-known.yaml").write_text("{}\n")
    (folder / "smtp-harness").symlink_to(ROOT)
    start = folder / "start-server"
    start.write_text(_STARTS)
    start.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    path = f"{Path(sys.executable).parent}:{kept['PATH']}"
    with reserved_port() as port:
        yield Repository(folder, {**kept, "PATH": path, "SMTP_PORT": str(port)})
