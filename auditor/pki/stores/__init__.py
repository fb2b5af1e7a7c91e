"""Trust stores in the formats of the field: what a node dump says, and what it does not."""
