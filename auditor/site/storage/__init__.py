"""The view of storage: the bytes of each stage, every blob once, with where the numbers come from."""
