"""The mail of a load run: told apart by signed tokens, the same octets for the same seed.

What was sent, and to whom, is a function of profile, target, seed and token, so nothing of it has
to be kept: `rebuild` makes it anew for whoever accounts for the mail.
"""

from loadtests.mail.letters import Letter, Mail, Rebuilt

__all__ = ["Letter", "Mail", "Rebuilt"]
