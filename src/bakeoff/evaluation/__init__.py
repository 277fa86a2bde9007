"""The stage that turns stored predictions into scores: pure functions of records, no torch."""

from bakeoff.evaluation.comparison import compare, group, right
from bakeoff.evaluation.pairs import adjust, compare_across, compare_two

__all__ = ["adjust", "compare", "compare_across", "compare_two", "group", "right"]
