"""A server that says 250 before the message has its name: the crash test must find it out."""

import threading

from reference_server import __main__ as command
from reference_server.configuration import making
from reference_server.storage.mailboxes import Drafts, Mailboxes


class HastyDrafts(Drafts):
    """Gives names a moment later, when the 250 may have been said already."""

    def publish(self, drafts):
        threading.Timer(0.02, super().publish, [drafts]).start()


class HastyMailboxes(Mailboxes):
    """Mailboxes with such drafts."""

    def drafts(self):
        return HastyDrafts(self)


making.Mailboxes = HastyMailboxes
command.run()
