"""The page for people: templates, static files, and the routes that fill them."""
