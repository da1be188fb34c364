"""The relay: mail for elsewhere, tried until it is there or its sender has been told."""
