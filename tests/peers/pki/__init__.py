"""Other judges of certificate chains, real ones: Go, OpenSSL, curl, and the NIST suite."""
