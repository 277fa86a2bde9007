"""The sections of the report: one file each, in the order of the numbers they are registered under."""
