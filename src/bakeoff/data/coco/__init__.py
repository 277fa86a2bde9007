"""The stage that reads a COCO instances file into columns."""

from bakeoff.data.coco.indexing import images_with, summary
from bakeoff.data.coco.reader import read_index

__all__ = ["images_with", "read_index", "summary"]
