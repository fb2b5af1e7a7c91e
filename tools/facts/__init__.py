"""Generators of fact tables: each reads a project's source at its tags and writes what every release pulls."""
