"""Readers of the formats of other tools: image lists, workloads, scripts and configuration files. No I/O."""
