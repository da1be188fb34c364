import subprocess
import sys

SCRIPT = """
import resource
from reference_server.doors.descriptors import raise_limit
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
print(raise_limit() == hard == resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def test_as_many_descriptors_are_taken_as_there_may_be():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.stdout.strip() == "True", done.stderr
