"""Remedies as files: scripts, lists and configuration that somebody reads and then runs. Nothing here is run."""
