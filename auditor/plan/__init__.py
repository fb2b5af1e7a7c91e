"""What shall be deployed where, in the user's words: the plan, its lists, and the needs that they add up to."""
