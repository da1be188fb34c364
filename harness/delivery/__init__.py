"""What was really delivered, read back from the target's stores."""
