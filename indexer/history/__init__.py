"""Questions from a repository's own commits."""
