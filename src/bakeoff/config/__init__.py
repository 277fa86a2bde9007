"""Experiment files: their schema with every default, the presets that ship, and how they are read."""
