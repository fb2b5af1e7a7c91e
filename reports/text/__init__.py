"""The report for a terminal: one screen, the whole text, and the parts of both."""
