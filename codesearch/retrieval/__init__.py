"""A request to ranked hits: conditions, candidates, ranking, explanation."""
