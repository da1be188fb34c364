"""POP3 (RFC 1939), how a user gets at a mailbox: the server's session and the client's flows.

Besides: CAPA and response codes (RFC 2449), STLS (RFC 2595), AUTH (RFC 5034), AUTH codes (3206).
"""
