"""Public data sets by URL: fetched with resume, checked, unpacked; what is there already is kept."""
