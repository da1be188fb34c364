"""Async tests run on trio; one that asks for `autojump_clock` runs on virtual time.

All of them live in the zone UTC, wherever the machine stands: what we write has local time in it.
And their children heed Ctrl-C, also where a shell began us in the background, which ignores it.
"""

from __future__ import annotations

import inspect
import os
import signal
import time
from typing import Any

import pytest
import trio
import trio.testing

os.environ["TZ"] = "UTC0"
time.tzset()
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def autojump_clock() -> trio.testing.MockClock:
    """Virtual time: it jumps ahead whenever all tasks wait.  For memory streams only."""
    return trio.testing.MockClock(autojump_threshold=0)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an `async def` test under trio, on the virtual clock if it has one."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    values: dict[str, Any] = {name: pyfuncitem.funcargs[name] for name in names}

    async def run() -> None:
        await pyfuncitem.obj(**values)

    trio.run(run, clock=pyfuncitem.funcargs.get("autojump_clock"))
    return True
