"""Alembic revisions of the store; `Store.upgrade()` runs them."""
