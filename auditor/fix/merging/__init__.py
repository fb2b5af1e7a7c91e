"""Changes to configuration files that keep all other keys, their order and the comments."""
