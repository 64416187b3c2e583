"""The command line: the composition root, where the service and the indexer meet."""
