"""Reports for people: tables, charts, sentences. Reads records, measures nothing; loads nothing heavy."""

from bench.report.rendering import render_all
from bench.report.terminal import terminal_table

__all__ = ["render_all", "terminal_table"]
