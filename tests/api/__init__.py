"""The HTTP API, through create_app."""
