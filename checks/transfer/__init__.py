"""Checks of the copy from the source registries to the internal registry."""
