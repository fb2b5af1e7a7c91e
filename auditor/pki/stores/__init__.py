"""File formats of trust stores, and what a node dump states."""
