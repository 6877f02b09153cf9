"""The review queue 复核: texts worth a person's look, what persons said of them, and how far they agree."""
