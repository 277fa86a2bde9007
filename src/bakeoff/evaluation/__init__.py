"""Stored predictions turned into scores: pure functions of records, no torch."""
