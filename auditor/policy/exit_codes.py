"""The exit codes of a verdict. Others: 2 is a wrong usage, 4 an internal error."""

EXIT_READY, EXIT_NOT_READY, EXIT_UNDETERMINED = 0, 1, 3
