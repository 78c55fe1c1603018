"""The report for other readers than a browser: tables for papers, charts for slides."""
