"""The way from a plan to a report as functions. No terminal, no exit codes: the command line and the API call it."""
