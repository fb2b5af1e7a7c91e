"""Storage sizes: deduplicated budgets per stage, each number with its provenance. No I/O."""
