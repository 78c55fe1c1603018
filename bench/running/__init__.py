"""The one loop: a suite in, records out. Composes the rooms; measures, decides and formats nothing itself."""
