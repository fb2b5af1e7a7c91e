"""Audit a planned air-gapped Kubernetes environment: what fails with the cable cut, with proof."""

__version__ = "0.1.0"
