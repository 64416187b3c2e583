"""What agents and people call: search, read, list, fetch. Knows no transport."""
