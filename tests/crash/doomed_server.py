"""A server that is killed between a delivery from its queue and the record of it.

The first argument tells after how many deliveries; "forgetful" before it leaves out what a second
delivery is known by, which the crash test must find out.
"""

import os
import secrets
import signal
import sys

from reference_server import __main__ as command
from reference_server.configuration import making
from reference_server.intake import intake

if sys.argv[1] == "forgetful":
    del sys.argv[1]
    intake._identity = lambda item, content: secrets.token_hex()
left = int(sys.argv.pop(1))


class DoomedIntake(intake.Intake):
    """Is asked so many times."""

    async def submit(self, item, addresses, content):
        global left
        submitted = await super().submit(item, addresses, content)
        left -= 1
        if left <= 0:
            os.killpg(os.getpgrp(), signal.SIGKILL)
        return submitted


making.Intake = DoomedIntake
command.run()
