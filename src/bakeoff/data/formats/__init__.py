"""Labels of photos in other formats than COCO's, as an index."""
