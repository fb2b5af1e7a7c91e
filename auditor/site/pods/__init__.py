"""What pods download besides images: by their commands, and by the programs that facts describe."""
