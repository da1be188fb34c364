"""Workers: several processes that share doors and mailboxes, and one that sees to them.

The kernel deals out connections among the sockets that share a port (SO_REUSEPORT).  Only what many
may do at once is done by many: a Maildir takes new names from anybody (its names hold the process),
but a queue has one owner who knows what is in whose hands, so workers have none, and what would
need one is not offered.  The supervisor holds the spool, the ports, and the numbers of all.
"""
