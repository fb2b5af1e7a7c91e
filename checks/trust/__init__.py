"""Checks of certificates, TLS and revocation."""
