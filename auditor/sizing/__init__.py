"""Bytes without I/O: deduplicated budgets per stage, each number with its provenance."""
