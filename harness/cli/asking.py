"""Passwords that nobody has written down: asked for, if somebody is there who can be asked."""

from __future__ import annotations

import os
import sys

import click

from harness.protocol.sasl import Login
from harness.target import Login as Named


def reveal(login: Named) -> Login:
    """The log-in with its password; raises UsageError if that is nowhere to be had."""
    secret = login.password
    if secret.env is not None and secret.env not in os.environ and is_terminal():
        return Login(
            login.user, click.prompt(f"Password of {login.user}", hide_input=True, err=True)
        )
    return Login(login.user, secret.reveal())


def is_terminal() -> bool:
    """Whether somebody is there who can be asked."""
    return sys.stdin.isatty()
