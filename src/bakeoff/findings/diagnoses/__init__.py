"""The findings: one a file, each a function from a `Results` to a `Finding`."""
