"""Intake: whether a message is taken, and where all its copies go."""
