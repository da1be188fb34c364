import socket

import pytest

from tests.ports import deserted_port, reserved_port


def test_a_reserved_port_is_given_to_nobody_else():
    with reserved_port() as one:
        others = set()
        for _ in range(100):
            with reserved_port() as another:
                others.add(another)
        assert one not in others
        socket.create_server(("127.0.0.1", one)).close()


def test_nobody_listens_at_a_deserted_port():
    with deserted_port() as port:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        with pytest.raises(OSError, match="in use"):
            socket.create_server(("127.0.0.1", port))
