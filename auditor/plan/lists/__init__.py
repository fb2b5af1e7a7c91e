"""One importer per image-list format."""
