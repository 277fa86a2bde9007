"""The command line: one file per command group; each command parses, calls the API and prints."""
