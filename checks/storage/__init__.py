"""Checks of disks, media and sizes."""
