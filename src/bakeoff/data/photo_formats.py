"""The formats of photos that are read: Pillow's own, and those of its plug-ins that are installed."""

from importlib import import_module
from importlib.util import find_spec

from PIL import PngImagePlugin, features

SUFFIXES = {
    ".bmp": "BMP",
    ".gif": "GIF",
    ".jfif": "JPEG",
    ".jpeg": "JPEG",
    ".jpg": "JPEG",
    ".pbm": "PPM",
    ".pgm": "PPM",
    ".png": "PNG",
    ".pnm": "PPM",
    ".ppm": "PPM",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}
"""By suffix of a photo's file, Pillow's name of its format."""

if features.check("avif"):
    SUFFIXES |= {".avif": "AVIF", ".avifs": "AVIF"}
if find_spec("pillow_heif"):
    import_module("pillow_heif").register_heif_opener()
    SUFFIXES |= dict.fromkeys((".heic", ".heif", ".hif"), "HEIF")
if find_spec("pillow_jxl"):
    import_module("pillow_jxl")  # registers itself
    SUFFIXES[".jxl"] = "JXL"

FORMATS = tuple(sorted({*SUFFIXES.values()}, key=lambda name: (name != "JPEG", name)))
"""Pillow's names of the formats, the most frequent first; it is never left to guess among all that it knows."""

PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY  # a long text in a photo is no damage; all together are
