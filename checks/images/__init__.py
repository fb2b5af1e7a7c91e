"""The family *images* of the catalogue."""
