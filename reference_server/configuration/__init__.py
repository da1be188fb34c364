"""What the server is started with: read from a file and the command line, made into a server."""

from reference_server.configuration.making import make_faults, make_server
from reference_server.configuration.reading import read_config
from reference_server.configuration.values import STANDARD, Config, KeyPair

__all__ = ["STANDARD", "Config", "KeyPair", "make_faults", "make_server", "read_config"]
