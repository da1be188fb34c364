"""Programs that nobody here wrote, run as a user would run them.

`make peers` has them installed by ci/peers/install and says where by SMTP_HARNESS_PEERS.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.peers.serving import PATIENCE

INSTALLED = "SMTP_HARNESS_PEERS"


def program(name: str) -> str:
    """The path of a program; a test without it fails, as a peer that is not met is no pass."""
    where = os.environ.get(INSTALLED)
    if where is None:
        pytest.fail(f"{name} is not here: `make peers` installs it and runs these tests")
    path = Path(where) / name
    if not path.exists():
        pytest.fail(f"{name} is missing in {where}: see what ci/peers/install said")
    return str(path)


def run(
    name: str, *words: str, stdin: bytes = b"", fails: bool | None = False
) -> subprocess.CompletedProcess[str]:
    """Run it to its end; whether it ended well must be what was expected, if anything was."""
    done = subprocess.run(
        [program(name), *words], input=stdin, capture_output=True, timeout=PATIENCE
    )
    said = subprocess.CompletedProcess(
        args=[name, *words],
        returncode=done.returncode,
        stdout=done.stdout.decode("utf-8", "replace"),
        stderr=done.stderr.decode("utf-8", "replace"),
    )
    assert fails is None or (said.returncode != 0) is fails, (
        f"{name} ended with status {said.returncode}:\n{said.stdout}\n{said.stderr}"
    )
    return said
