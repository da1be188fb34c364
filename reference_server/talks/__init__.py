"""Talks: what is said to one client, slowly and with care or by rote, and what becomes of it."""
