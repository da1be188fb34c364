"""smtp-harness: a reference SMTP client and server that prove mail systems right."""

__version__ = "0.1.0"
