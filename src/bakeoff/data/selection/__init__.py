"""The stage that decides which images are taken, and which of its classes each one is labelled with."""

from bakeoff.data.selection.crops import crop_objects
from bakeoff.data.selection.merging import merge_categories
from bakeoff.data.selection.quotas import fit_quotas
from bakeoff.data.selection.select import load, save, select

__all__ = ["crop_objects", "fit_quotas", "load", "merge_categories", "save", "select"]
