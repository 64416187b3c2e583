"""What a repository's own commits say: their subjects, file by file, and questions."""
