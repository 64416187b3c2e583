"""The HTTP API: requests to values, values to answers, errors to statuses."""
