"""Certificates without I/O: loading, trust stores, path building, host names and what TLS clients make of a chain."""
