"""The family *trust* of the catalogue."""
