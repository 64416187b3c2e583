"""Where files come from, which of them are indexed, and why not the others."""
