"""How long a host may be silent, unless `--timeout` says otherwise."""

TIMEOUT = 15.0  # seconds; twice, for the connection and for the answer: a silent host is given up after half a minute
