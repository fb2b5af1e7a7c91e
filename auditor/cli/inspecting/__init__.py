"""What `auditor inspect` shows of an image, wherever it lies."""
