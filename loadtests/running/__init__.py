"""A run and its processes: what they share, who keeps the books, who ends it."""
