"""What the server is started with: read from a file and the command line, made into a server."""

from reference_server.configuration.making import make_server
from reference_server.configuration.values import Config

__all__ = ["Config", "make_server"]
