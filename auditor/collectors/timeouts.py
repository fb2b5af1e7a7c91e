"""The default time limit for a silent host; `--timeout` changes it."""

# seconds, once for the connection and once for the answer: the auditor gives up on a silent host after half a minute
TIMEOUT = 15.0
