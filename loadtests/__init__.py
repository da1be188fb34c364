"""Load over persistent SMTP connections, on Locust."""
