"""Rules of a plant operator."""
