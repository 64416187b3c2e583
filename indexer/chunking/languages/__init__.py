"""What each programming language calls a definition: one table a language."""
