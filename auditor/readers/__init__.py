"""Readers of other tools' formats: image lists, workloads, scripts and configuration files. No I/O."""
