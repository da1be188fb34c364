"""The scripts of ci/kills import each other by their bare names; so do their tests."""

import sys
from pathlib import Path

KILLS = Path(__file__).parents[2] / "ci" / "kills"
sys.path.insert(0, str(KILLS))
