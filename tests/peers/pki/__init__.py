"""Other verifiers of certificate chains: Go, OpenSSL, curl, and the NIST suite."""
