"""What a query says: its parts, its words, the places and phrases that it names. Pure."""
