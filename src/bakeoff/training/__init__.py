"""The stage that trains networks: one run is one network, one seed.

`stage` trains, `store` reads and writes what a run leaves on disk (without torch), `predict` applies a trained network.
"""
