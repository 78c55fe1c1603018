"""What the records of a run mean: differences, fronts, recommendations, advice. Pure functions."""
