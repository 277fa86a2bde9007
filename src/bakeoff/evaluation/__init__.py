"""The stage that turns stored predictions into scores: pure functions of records, no torch."""

from bakeoff.evaluation.comparison import compare

__all__ = ["compare"]
