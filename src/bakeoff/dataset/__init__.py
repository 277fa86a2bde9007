"""The stage that reads the selected photos and leaves a data set: arrays, JPEG copies, a manifest and a data card."""

from bakeoff.dataset.build import build, request_digest
from bakeoff.dataset.images import decode, to_pixels
from bakeoff.dataset.load import load
from bakeoff.dataset.workers import ImageSettings

__all__ = ["ImageSettings", "build", "decode", "load", "request_digest", "to_pixels"]
