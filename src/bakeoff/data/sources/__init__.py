"""Where the bytes of photos come from, one source per file."""
