"""Where settings are from: the environment and files."""
