"""POP3 (RFC 1939): the owner's door to a Maildir."""
