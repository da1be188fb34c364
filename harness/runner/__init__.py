"""Running suites: one engine for `run`, `run --prove` and the pytest plugin.

A case travels through here so:

    plan      which cases, what is skipped and why, what is known beforehand
    probe     one connection: is the target there, and what does it offer?
    play      mail     claims the mailboxes that the case needs, and reads them afterwards
              dialogue the start, the steps, the farewell: octets and replies, nothing cleverer
    judge     unmet x grade is the verdict; void, trouble and busy are none
    run       many of them, side by side, told in order

How a case ends before its last step is an exception of `endings`; everything else is a value.
"""
