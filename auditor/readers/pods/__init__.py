"""Containers of workloads as programs: their environment, command lines, mounted files, and the commands of their scripts."""
