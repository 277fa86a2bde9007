"""The findings: one a file, each a function from a `Case` to a `Finding`."""
