"""Observations of registries, archives and endpoints, with time, source and method. A failed observation is evidence too."""
