"""Measurements that design decisions stand on; each is run by hand (see README.md)."""
