"""Checks of image lists, images, archives, copies and node configuration."""
