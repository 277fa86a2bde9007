"""Formats beyond Pillow's usual ones, where it or a plug-in reads them."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import PngImagePlugin, features
from tests.data.conftest import drawing

from bakeoff.data.build.images import decode
from bakeoff.data.image_folder.tree import scan
from bakeoff.data.photo_formats import FORMATS, SUFFIXES

MODERN = {"AVIF": ".avif", "HEIF": ".heic"}


@pytest.mark.parametrize("kind", MODERN)
def test_photos_in_modern_formats(tmp_path: Path, kind: str) -> None:
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow reads no AVIF")
    if kind == "HEIF":
        pytest.importorskip("pillow_heif")
    assert SUFFIXES[MODERN[kind]] == kind
    picture = drawing(1)
    for name in "ab":
        (tmp_path / name).mkdir()
        picture.save(tmp_path / name / f"1{MODERN[kind]}", kind, quality=95)
    (first, _) = scan(tmp_path).photos
    pixels = decode((tmp_path / first.file).read_bytes())
    assert np.abs(pixels.astype(int) - np.asarray(picture)).mean() < 6


def test_no_format_is_guessed_that_is_not_named() -> None:
    assert {"JPEG", "PNG", "PPM", "TIFF"} <= {*FORMATS} == {*SUFFIXES.values()}
    assert not {*FORMATS} & {"EPS", "PSD", "FITS", "ICNS", "WMF"}


def test_a_long_text_in_a_png_is_no_damage() -> None:
    info, buffer = PngImagePlugin.PngInfo(), io.BytesIO()
    info.add_text("workflow", "a" * 3_000_000, zip=True)
    drawing(1).save(buffer, "PNG", pnginfo=info)
    assert (decode(buffer.getvalue()) == np.asarray(drawing(1))).all()
