"""The closed loop: an issue, the actions on it, the follow-up with the same customers, what changed."""
