"""Per-case detail of a report: from a record and its journal to plain data, and from there to a page.

`making.make_details` builds the data; `html` lays them out with charts, `markdown` and `listing` without.
Reading journals is left to others.
"""
