"""python -m tests.fuzz: as many inputs as are wanted, and how many there were.

python -m tests.fuzz --inputs 1000000      from new seeds, which are printed
python -m tests.fuzz --once 123456         the conversation of one seed again
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time

from tests.fuzz.profile import EXAMPLES, TALLY
from tests.fuzz.volume import Failed, Tally, converse


def main() -> None:
    """Try, count, print; status 1 with the seed at the first failure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=50_000, help="at least so many")
    parser.add_argument("--examples", type=int, default=0, help="of hypothesis, for each property")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--once", type=int, metavar="SEED", help="this conversation alone")
    options = parser.parse_args()
    try:
        if options.once is not None:
            converse(options.once, Tally())
            return
        print(f"conversations from seed {options.seed} on", flush=True)
        print(_volume(options.seed, options.inputs), flush=True)
    except Failed as failed:
        sys.exit(f"{failed}\nagain: python -m tests.fuzz --once SEED")
    if options.examples:
        print(_hypothesis(options.examples))


def _volume(seed: int, inputs: int) -> str:
    tally, began = Tally(), time.perf_counter()
    while tally.inputs < inputs:
        converse(seed + tally.conversations, tally)
    return f"{tally}; {time.perf_counter() - began:.0f} s"


def _hypothesis(examples: int) -> str:
    os.environ[EXAMPLES] = str(examples)  # read when these are imported
    from tests.fuzz import test_machine, test_octets

    began = time.perf_counter()
    for module in (test_machine, test_octets):
        for name, trial in vars(module).items():
            if name.startswith("test_"):
                trial()
    return f"hypothesis: {TALLY}; {time.perf_counter() - began:.0f} s"


if __name__ == "__main__":
    main()
