"""Collectors: the only network access, and the only reads of registries, endpoints and archives."""
