"""The mail of a load run: told apart by signed tokens, the same octets for the same seed.

What was sent, and to whom, is a function of profile, target, seed and token, so nothing of it has
to be kept: `Mail.sent` makes it anew for whoever accounts for the mail.
"""

from loadtests.mail.letters import MOST_SENDERS, Letter, Mail

__all__ = ["MOST_SENDERS", "Letter", "Mail"]
