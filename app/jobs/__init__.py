"""Work that waits: jobs inserted in the caller's transaction, done in batches by a worker process."""
