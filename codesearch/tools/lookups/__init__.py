"""What tools ask of indexes: each on the service where a data source is placed."""
