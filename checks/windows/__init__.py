"""The family *windows* of the catalogue."""
