"""What is wrong in a folder-per-class tree."""
