"""The exit codes of a verdict. Other exit codes: 2 for wrong usage, 4 for an internal error."""

EXIT_READY, EXIT_NOT_READY, EXIT_UNDETERMINED = 0, 1, 3
