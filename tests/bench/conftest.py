"""The scripts of ci/bench import each other by their bare names; so do their tests."""

import sys
from pathlib import Path

BENCH = Path(__file__).parents[2] / "ci" / "bench"
sys.path.insert(0, str(BENCH))
