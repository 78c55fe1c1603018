"""The nouns of the project, one a module: the glossary. Plain frozen data; no IO, no heavy import."""
