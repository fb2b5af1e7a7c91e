"""Checks of foreign layers, HostProcess containers and Windows versions."""
