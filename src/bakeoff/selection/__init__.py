"""The stage that decides which images are taken, and under which of their classes each one stands."""

from bakeoff.selection.crops import crop_objects
from bakeoff.selection.merging import merge_categories
from bakeoff.selection.quotas import fit_quotas
from bakeoff.selection.stage import load, save, select

__all__ = ["crop_objects", "fit_quotas", "load", "merge_categories", "save", "select"]
