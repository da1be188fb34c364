"""When: how many users there should be at a moment, and when a message is due."""
