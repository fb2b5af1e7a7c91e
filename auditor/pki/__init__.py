"""Certificates: loading, trust stores, path building, host names and chain verification by TLS clients. No I/O."""
