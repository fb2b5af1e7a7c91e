"""Write remedies as files: scripts, lists and configuration for the operator to review and run. Nothing is run here."""
