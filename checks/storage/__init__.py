"""The family *storage* of the catalogue."""
