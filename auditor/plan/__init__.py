"""The user's plan: its keys, the files that it names, and loading with source locations."""
