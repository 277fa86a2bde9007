"""The stage that reads a COCO instances file into columns."""

from bakeoff.coco.index import images_with, summary
from bakeoff.coco.stage import read_index

__all__ = ["images_with", "read_index", "summary"]
