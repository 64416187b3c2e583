"""What the ranking model sees of each candidate: a table of features, by name."""
