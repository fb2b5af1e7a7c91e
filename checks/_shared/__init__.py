"""Helpers that several checks share. Nothing outside `checks` imports them."""
