"""Suites and the catalogue of requirements, as data (read through importlib.resources)."""
