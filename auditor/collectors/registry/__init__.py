"""Query OCI registries over HTTP: credentials, tokens, retries, redirects and verified answers."""
