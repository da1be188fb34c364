"""Storage: what was accepted is on disk, synced, before its 250 is said."""
