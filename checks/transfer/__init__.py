"""The family *transfer* of the catalogue."""
