"""What an idle connection costs, measured as people are told to measure it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "ci" / "bench" / "idle.py"


@pytest.mark.slow
@pytest.mark.parametrize(("count", "options"), [(600, []), (150, ["--tls"]), (300, ["--mail"])])
def test_an_idle_connection_costs_less_than_40_kb(count, options):
    command = [sys.executable, str(SCRIPT), "--connections", str(count), *options]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    match = re.match(r"(\d+) idle connections .*: ([\d.]+) KiB each", said)
    assert match is not None, said
    assert int(match[1]) == count
    assert float(match[2]) * 1024 < 40_000
