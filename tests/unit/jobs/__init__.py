"""Jobs: the queue, workers in real processes, and what they agree on."""
