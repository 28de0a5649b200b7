"""Sections that a kind of run adds to its report: each a function and, beside it, its template."""
