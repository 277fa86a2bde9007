"""From annotations or a folder per class to a data set on disk."""
