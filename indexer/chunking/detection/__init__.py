"""Which language a text is in, told from the text alone; answers with names and knows no language's table."""
