"""Files that hold code of other languages: components and templates."""
