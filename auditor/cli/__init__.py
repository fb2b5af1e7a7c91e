"""One file per command; the only place that wires the rooms together."""
