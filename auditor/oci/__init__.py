"""Images without I/O: references, platforms, documents and the choice among an index's manifests."""
