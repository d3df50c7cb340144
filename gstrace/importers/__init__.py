"""Readers of trace formats: bytes in, stream rows out. No format knows another."""
