"""A folder-per-class tree of photos as an index."""
