"""Changes to configuration files that keep everything else in them: keys, order and comments."""
