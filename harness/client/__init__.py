"""The reference client: it drives protocol.sender over a wire."""
