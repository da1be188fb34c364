"""Faults: accidents between policy and wire, as a table that says where, to whom and when.

They are no lies: a lie (`reference_server.lies`) is a rule that is wrong, always and for everybody.
"""
