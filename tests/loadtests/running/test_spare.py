"""A result is written when connections have taken every descriptor, and nobody's is closed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow  # importing gevent takes that long

# In a process of its own: importing gevent's original functions and limits belong to a process.
TAKEN = """\
import contextlib, json, os, resource
from loadtests.running.spare import Spare

def all_of_them():
    taken = []
    with contextlib.suppress(OSError):
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    return taken

hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (40, hard))
spare = Spare()
taken = all_of_them()
with spare.lent():
    open(os.devnull).close()
    taken += all_of_them()  # who else runs meanwhile takes that, too
with spare.lent():  # there is none: its number is another's by now
    pass
for each in taken:
    os.fstat(each)
os.close(taken.pop())
with spare.lent():  # and that one is the spare one again
    pass
taken += all_of_them()
with spare.lent():
    open(os.devnull).close()
print(json.dumps(len(taken)))
"""


def test_a_spare_descriptor_that_somebody_took_is_never_closed_under_him():
    done = subprocess.run(
        [sys.executable, "-c", TAKEN], capture_output=True, text=True, timeout=30, check=False
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) > 20
