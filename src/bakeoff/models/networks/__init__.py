"""The networks that ship, one per file."""
