"""trio: octets on sockets, TLS, patience, and the log with times."""
