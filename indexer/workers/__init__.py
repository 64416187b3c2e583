"""Worker processes: who hands out the work, how they start, what they do, and what ends one that does too much."""
