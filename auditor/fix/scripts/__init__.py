"""Copy scripts in bash: one for each tool, out of the same steps."""
