"""Dialogues in YAML to suites, cases and steps; a step and a reply to met or a surprise."""
