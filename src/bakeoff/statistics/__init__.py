"""Intervals and variances that the stages share; pure functions of numbers."""
