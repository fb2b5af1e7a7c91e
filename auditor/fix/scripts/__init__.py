"""Copy scripts in bash, one for each tool, from the same steps."""
