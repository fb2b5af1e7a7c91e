"""Which image the nodes need, on which platform, for which pool, and why. No I/O."""
