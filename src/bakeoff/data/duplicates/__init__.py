"""Photos that occur more than once: by file name, bytes and pixels."""
