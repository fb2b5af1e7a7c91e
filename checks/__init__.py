"""The catalogue: one file per check, and the one explicit registry of them."""
