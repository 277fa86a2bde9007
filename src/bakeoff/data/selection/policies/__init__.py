"""The label policies: one per file; each decides which of its classes an image is labelled with."""
