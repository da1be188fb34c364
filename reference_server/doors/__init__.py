"""Doors: how clients come in over sockets, how many may, and for how long."""
