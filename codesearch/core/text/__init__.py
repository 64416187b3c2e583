"""Words, terms and what is embedded: pure functions of text, the same for rows and queries."""
