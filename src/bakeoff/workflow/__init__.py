"""Running experiments: the folder, the order of the stages, the sweep over variants and seeds."""
