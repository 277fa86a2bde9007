"""Trees of photos with a folder a class: what is in them, what is wrong in them, and photos that occur twice."""

from bakeoff.audit.check import THUMBNAIL, audit_tree
from bakeoff.audit.duplicates import Place, find_duplicates
from bakeoff.audit.hashing import Fingerprints, fingerprints, joined
from bakeoff.audit.index import tree_index
from bakeoff.audit.names import photo_id
from bakeoff.audit.near import CORRELATION, DISTANCE
from bakeoff.audit.tree import FORMATS, Tree, scan

__all__ = [
    "CORRELATION",
    "DISTANCE",
    "FORMATS",
    "THUMBNAIL",
    "Fingerprints",
    "Place",
    "Tree",
    "audit_tree",
    "find_duplicates",
    "fingerprints",
    "joined",
    "photo_id",
    "scan",
    "tree_index",
]
