"""The stage that reads the selected photos and leaves a data set: arrays, JPEG copies, a manifest and a data card."""

from bakeoff.data.build.build import build, request_digest
from bakeoff.data.build.images import decode, to_pixels
from bakeoff.data.build.load import load
from bakeoff.data.build.workers import ImageSettings

__all__ = ["ImageSettings", "build", "decode", "load", "request_digest", "to_pixels"]
