"""What a suite needs to know of the system under test: from a URL, options or a YAML file."""

from harness.target.address import Address, Scheme, read_address
from harness.target.command import Script
from harness.target.options import with_options
from harness.target.reading import is_file_name, read_target
from harness.target.secret import Login, Secret, read_login
from harness.target.target import Relay, Target, Timeouts, TlsPolicy

__all__ = [
    "Address",
    "Login",
    "Relay",
    "Scheme",
    "Script",
    "Secret",
    "Target",
    "Timeouts",
    "TlsPolicy",
    "is_file_name",
    "read_address",
    "read_login",
    "read_target",
    "with_options",
]
