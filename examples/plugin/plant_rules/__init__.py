"""House rules of a plant."""
