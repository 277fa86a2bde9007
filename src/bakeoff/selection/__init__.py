"""The stage that decides which images are taken, and under which of their classes each one stands."""

from bakeoff.selection.stage import largest_common_quota, load, save, select

__all__ = ["largest_common_quota", "load", "save", "select"]
