"""The view of trust: what each endpoint serves, and whether each client of each pool would verify it offline."""
