"""Checks of what pods fetch, verify and require besides their images."""
