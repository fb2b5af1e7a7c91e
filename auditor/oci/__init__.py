"""Image references, platforms, documents, archive formats and manifest selection. No I/O."""
