"""What was observed of the outside world, with when, where and how. A failed observation is evidence too."""
