"""Asking OCI registries over HTTP: credentials, tokens, retries, redirects and answers that are checked before they count."""
