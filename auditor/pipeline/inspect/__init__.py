"""Observe one image, one archive or one TLS chain, without a plan of the user."""
