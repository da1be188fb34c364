"""Octets to events and back: the one place that knows SMTP.  No I/O, no clock, no logging."""
