"""The view of archives: which archive holds which image of the plan, and its standing there."""
