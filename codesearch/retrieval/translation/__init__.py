"""What a query in another language says in the words of code. Pure; docs/other-languages.md says how it works."""
