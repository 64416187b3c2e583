"""One answer from several services: where sources are placed, what services ask one another, how it is joined."""
