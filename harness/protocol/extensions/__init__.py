"""Service extensions: one row each."""
