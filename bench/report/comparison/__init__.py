"""Pages of verdicts: one side of results against another, the answer first, each change on a scale."""
