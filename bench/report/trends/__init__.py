"""The history of a suite as a page: what stepped first, then each metric of each case over its runs."""
