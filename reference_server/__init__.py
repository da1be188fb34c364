"""The reference SMTP server: right, strict, and wrong in exactly one way when asked to be."""
