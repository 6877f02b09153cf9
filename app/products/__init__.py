"""The bank's products."""
