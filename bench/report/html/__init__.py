"""The report as one HTML page: elements, tables, parts, style and the script that sorts and filters."""
