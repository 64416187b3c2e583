"""Work that survives: jobs in a durable queue, and the workers that do them; the only import of the engine, DBOS."""
