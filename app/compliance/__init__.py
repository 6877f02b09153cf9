"""Compliance: what proves that personal data stays where it belongs."""
