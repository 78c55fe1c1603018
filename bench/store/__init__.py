"""Results on disk: run folders, round journals, records. Knows files and nouns; judges nothing."""
