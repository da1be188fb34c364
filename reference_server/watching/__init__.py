"""Watching: what happens in sessions, told to a log and to counters."""
