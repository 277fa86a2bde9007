"""Training: a variant with a seed becomes a run; its network is applied to photos, or exported."""
