"""Checks of what workloads need at run time besides their images."""
