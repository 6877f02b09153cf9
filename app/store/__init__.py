"""The store: engine and transactions, sealed columns, the audit chain."""
