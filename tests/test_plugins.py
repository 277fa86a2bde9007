"""Plug-ins of another package, found by entry points, and those that a script registers; worker processes know them."""

MODULE = '''
"""A package that adds one plug-in of each kind."""

import torch
from bakeoff.core.errors import ImageError
from bakeoff.findings.finding import Finding
from bakeoff.workflow.executors.serial import serial


class Flat(torch.nn.Module):
    """A linear layer."""

    def __init__(self, num_classes, image_size):
        super().__init__()
        self.layer = torch.nn.Linear(3 * image_size**2, num_classes)

    def forward(self, images):
        return self.layer(images.flatten(1))


def last(candidates, quotas, generator):
    """What first-fit does, under another name."""
    from bakeoff.core.registry import policies

    return policies["first-fit"](candidates, quotas, generator)


def size(results):
    """How many runs there are."""
    count = len(results.runs)
    return Finding("size", "Size", "How many runs?", "found", f"There are {count} runs.", "None.", {"runs": count}, 1)


def in_turn(jobs, workers, monitor):
    """One after the other."""
    print("in turn")
    yield from serial(jobs, workers, monitor)
'''
GROUPS = {
    "networks": "flat = extra:Flat",
    "policies": "last = extra:last",
    "findings": "size = extra:size",
    "executors": "in-turn = extra:in_turn",
}
