"""The view of archives: which image of the plan lies in which of them, and how it stands there."""
