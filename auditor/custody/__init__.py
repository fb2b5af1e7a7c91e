"""Signed statements and custody lists: their formats and rules, without I/O."""
