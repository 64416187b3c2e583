"""What the service and the indexer share: values, settings, errors; the folders inside are rooms of their own."""
