"""Decoding and resizing: every colour mode, hostile files, and OpenCV as the oracle of the filters."""

import io
import os
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bakeoff.core.errors import ConfigError, ImageError
from bakeoff.data.build.images import FILTERS, PIXEL_LIMIT, decode, resize, square, to_pixels

RED, WHITE = (255, 0, 0), (255, 255, 255)
DATA = Path(os.environ.get("BAKEOFF_DATA", Path(__file__).parents[2] / "../shared/data")) / "coco-full" / "images"


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(height: int = 48, width: int = 64) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def png(width: int, height: int, depth: int = 8, colour: int = 2, pixels: bytes = b"") -> bytes:
    """A PNG whose header claims a size that its pixels need not have."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(pixels)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def palette(transparent: bool) -> bytes:
    image = Image.new("P", (2, 1))
    image.putpalette([0, 0, 0, *RED])
    image.putdata([0, 1])
    return encoded(image, **({"transparency": 0} if transparent else {}))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_lossless_formats_keep_their_pixels(kind: str) -> None:
    np.testing.assert_array_equal(decode(encoded(Image.fromarray(noise()), kind)), noise())


@pytest.mark.parametrize(("kind", "options"), [("JPEG", {"quality": 100}), ("WEBP", {"lossless": True})])
def test_photo_formats(kind: str, options: dict[str, object]) -> None:
    flat = Image.new("RGB", (16, 8), (200, 100, 50))
    found = decode(encoded(flat, kind, **options))
    assert found.shape == (8, 16, 3)
    assert found.dtype == np.uint8
    np.testing.assert_allclose(found[4, 8], (200, 100, 50), atol=2)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(encoded(Image.new("L", (1, 1), 77)), (77, 77, 77), id="grey"),
        pytest.param(encoded(Image.new("1", (1, 1), 1)), WHITE, id="one bit"),
        pytest.param(encoded(Image.new("RGBA", (1, 1), (*RED, 255))), RED, id="opaque"),
        pytest.param(encoded(Image.new("RGBA", (1, 1), (*RED, 0))), WHITE, id="transparent"),
        pytest.param(encoded(Image.new("RGBA", (1, 1), (*RED, 51))), (255, 204, 204), id="a fifth red"),
        pytest.param(encoded(Image.new("LA", (1, 1), (0, 51))), (204, 204, 204), id="grey with alpha"),
        pytest.param(encoded(Image.new("RGB", (1, 1), RED), transparency=RED), WHITE, id="transparent colour"),
        pytest.param(encoded(Image.new("CMYK", (1, 1), (0, 255, 255, 0)), "TIFF"), RED, id="cmyk"),
        pytest.param(encoded(Image.new("YCbCr", (1, 1), (76, 85, 255)), "TIFF"), (254, 0, 0), id="ycbcr"),
        pytest.param(encoded(Image.new("RGB", (1, 1), RED).quantize(2), "GIF"), RED, id="gif"),
        pytest.param(png(1, 1, 16, 2, struct.pack(">B3H", 0, 65535, 25700, 0)), (255, 100, 0), id="16-bit colour"),
    ],
)
def test_colour_modes(raw: bytes, expected: tuple[int, int, int]) -> None:
    assert tuple(decode(raw)[0, 0]) == expected


def test_cmyk_jpeg() -> None:
    raw = encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=100)
    np.testing.assert_allclose(decode(raw)[4, 4], RED, atol=2)


def test_palette() -> None:
    assert decode(palette(transparent=False)).tolist() == [[[0, 0, 0], [255, 0, 0]]]
    assert decode(palette(transparent=True)).tolist() == [[[255, 255, 255], [255, 0, 0]]]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled(kind: str) -> None:
    values = np.array([[0, 128, 129, 25700, 65535]], dtype=np.uint16)
    assert decode(encoded(Image.fromarray(values), kind))[0, :, 1].tolist() == [0, 0, 1, 100, 255]


def test_big_endian_16_bit_grey_is_scaled() -> None:
    image = Image.frombytes("I;16B", (2, 1), struct.pack(">2H", 25700, 65535))
    assert decode(encoded(image, "TIFF"))[0, :, 1].tolist() == [100, 255]


def test_deeper_greys_fill_the_range() -> None:
    whole = Image.fromarray(np.array([[-50, 10, 50]], dtype=np.int32))
    real = Image.fromarray(np.array([[0.0, 0.25, 0.5]], dtype=np.float32))
    flat = Image.fromarray(np.full((1, 2), 7.5, dtype=np.float32))
    assert decode(encoded(whole, "TIFF"))[0, :, 0].tolist() == [0, 153, 255]
    assert decode(encoded(real, "TIFF"))[0, :, 0].tolist() == [0, 128, 255]
    assert decode(encoded(flat, "TIFF"))[0, :, 0].tolist() == [0, 0]


def test_values_that_are_not_finite_are_refused() -> None:
    raw = encoded(Image.fromarray(np.array([[0.0, np.nan]], dtype=np.float32)), "TIFF")
    with pytest.raises(ImageError, match="not finite"):
        decode(raw)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(orientation: int, kind: str) -> None:
    # what a viewer shows, from the definition: where the stored first row and first column lie in the upright image
    upright = noise(3, 5)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    raw = encoded(Image.fromarray(np.ascontiguousarray(stored)), kind, exif=exif)
    np.testing.assert_array_equal(decode(raw), upright)


@pytest.mark.parametrize("exif", [b"Exif\0\0rubbish", b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01", b"Exif\0\0MM\0*"])
def test_broken_exif_does_not_cost_the_photo(exif: bytes) -> None:
    assert decode(encoded(Image.new("RGB", (8, 4), RED), "JPEG", exif=exif)).shape == (4, 8, 3)


def test_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in (RED, WHITE)]
    raw = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert tuple(decode(raw)[0, 0]) == RED


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b"<html>404 Not Found</html>", "not a JPEG.*starts with b'<html>404", id="html"),
        pytest.param(b"\x89PNG\r\n\x1a\n", "not a JPEG", id="signature only"),
        pytest.param(encoded(Image.new("RGB", (1, 1)), "TGA"), "not a JPEG", id="other format"),
        pytest.param(png(8, 8), "can't be decoded.*truncated", id="no pixels"),
    ],
)
def test_what_is_no_photo_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        decode(raw)


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_truncated_jpeg_is_refused(share: float, options: dict[str, bool]) -> None:
    raw = encoded(Image.fromarray(noise()), "JPEG", **options)
    with pytest.raises(ImageError):
        decode(raw[: int(len(raw) * share)])


@pytest.mark.parametrize("side", [10_001, 14_000, 60_000, 2**31 - 1])
def test_bomb_is_refused_before_it_is_decoded(side: int) -> None:
    raw = png(side, side)
    assert len(raw) < 1000
    with pytest.raises(ImageError, match=rf"above the limit of {PIXEL_LIMIT:,} pixels.*({side} x|{side**2})"):
        decode(raw)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is Linux's")
@pytest.mark.parametrize(("mode", "kind"), [("RGBA", "PNG"), ("I", "TIFF"), ("F", "TIFF"), ("I;16", "PNG")])
def test_the_largest_photo_takes_no_more_memory_than_is_said(tmp_path: Path, mode: str, kind: str) -> None:
    side = int(PIXEL_LIMIT**0.5)
    Image.new(mode, (side, side)).save(tmp_path / "photo", kind, compression="tiff_lzw")
    read = (
        "import pathlib, sys; from bakeoff.data.build import to_pixels;"
        "to_pixels(pathlib.Path(sys.argv[1]).read_bytes(), 16, 'area');"
        "print(pathlib.Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", read, str(tmp_path / "photo")], capture_output=True, text=True, check=True
    )
    assert int(ended.stdout) / 1024 < 1700


def test_message_is_the_same_each_time() -> None:
    messages = []
    for _ in range(2):
        with pytest.raises(ImageError) as caught:
            decode(b"no photo")
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_warnings_of_the_decoder_stay_inside() -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\xff\xff\xff\xff\0\0\0\0"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        decode(encoded(Image.new("RGB", (8, 8)), "JPEG", exif=exif))
    assert not caught


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "BMP"]),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_damaged_bytes_give_pixels_or_an_image_error(kind: str, changes: list[tuple[float, int]]) -> None:
    raw = bytearray(encoded(Image.fromarray(noise(8, 8)), kind))
    for where, value in changes:
        raw[int(where * len(raw))] = value
    try:
        found = decode(bytes(raw))
    except ImageError:
        return
    assert found.dtype == np.uint8
    assert found.ndim == 3
    assert found.shape[2] == 3


@pytest.mark.parametrize("size", [8, 64, 100])
@pytest.mark.parametrize(("name", "flag"), [("linear", cv2.INTER_LINEAR), ("area", cv2.INTER_AREA)])
def test_filters_are_those_of_opencv(name: str, flag: int, size: int) -> None:
    found = resize(noise(), size, name)
    assert found.shape == (size, size, 3)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, cv2.resize(noise(), (size, size), interpolation=flag))


def test_area_averages_over_the_source_pixels() -> None:
    found = resize(noise(32, 64), 8, "area")
    blocks = noise(32, 64).reshape(8, 4, 8, 8, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(found, blocks, atol=0.5001)


def test_area_turns_a_checkerboard_grey_where_linear_aliases() -> None:
    # squares of one pixel in 9: the four source pixels that "linear" looks at are of one square
    squares = np.indices((90, 90)).sum(axis=0) % 2 * 255
    board = np.repeat(squares.astype(np.uint8)[..., None], 3, axis=2)
    assert abs(resize(board, 10, "area").astype(int) - 127).max() <= 2
    assert np.ptp(resize(board, 10, "linear")) == 255


def test_unknown_filter_names_the_choices() -> None:
    with pytest.raises(ConfigError, match=r"unknown filter 'linea'\. Did you mean 'linear'"):
        resize(noise(), 8, "linea")


def test_to_pixels_decodes_and_resizes() -> None:
    raw = encoded(Image.fromarray(noise()))
    np.testing.assert_array_equal(to_pixels(raw, 16, "area"), resize(noise(), 16, "area"))


def blobs(height: int, width: int, options: dict[str, object]) -> bytes:
    """A JPEG file of smooth noise."""
    small = np.random.default_rng(height * width).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)).save(
        file, "JPEG", quality=95, **options
    )
    return file.getvalue()


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize(("height", "width"), [(427, 640), (96, 99), (1001, 130), (768, 769), (480, 97)])
def test_a_jpeg_that_its_decoder_halves_is_as_good_as_a_whole_one(
    height: int, width: int, progressive: bool, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    raw = blobs(height, width, {"progressive": progressive, "exif": exif})
    found, expected = to_pixels(raw, 16, "area").astype(float), resize(decode(raw), 16, "area")
    psnr = 10 * np.log10(255**2 / np.mean((found - expected) ** 2))
    assert psnr > 42, "without regard for the part of a pixel at the end of an odd side it is below 40"


@pytest.mark.parametrize(("size", "filter_name"), [(34, "area"), (16, "linear")])
def test_a_jpeg_is_not_halved_where_that_would_show(size: int, filter_name: str) -> None:
    raw = blobs(203, 205, {})
    np.testing.assert_array_equal(to_pixels(raw, size, filter_name), resize(decode(raw), size, filter_name))


@pytest.mark.parametrize("filter_name", ["area", "linear"])
def test_a_letterbox_shows_the_whole_photo_between_grey_bars(filter_name: str) -> None:
    pixels = square(noise(30, 60), 20, filter_name, "letterbox")
    assert (pixels[:5] == 114).all()
    assert (pixels[15:] == 114).all()
    np.testing.assert_array_equal(pixels[5:15], cv2.resize(noise(30, 60), (20, 10), interpolation=FILTERS[filter_name]))


def test_a_center_crop_shows_the_middle_of_the_photo_and_nothing_else() -> None:
    image = noise(30, 60)
    np.testing.assert_array_equal(square(image, 15, "area", "center-crop"), resize(image[:, 15:45], 15, "area"))
    np.testing.assert_array_equal(square(image, 15, "area", "stretch"), resize(image, 15, "area"))


def test_the_resizing_asked_for_is_the_one_that_is_done() -> None:
    raw = encoded(Image.fromarray(noise(30, 60)))
    for name in ("letterbox", "center-crop"):
        np.testing.assert_array_equal(to_pixels(raw, 16, "area", name), square(noise(30, 60), 16, "area", name))


@pytest.mark.skipif(not DATA.exists(), reason="BAKEOFF_DATA holds no coco-full photos")
@pytest.mark.parametrize("size", [64, 128, 224])
def test_coco_photos_decode(size: int) -> None:
    photos = sorted(DATA.glob("*.jpg"))
    for path in photos[:: 1 if size == 64 else 10]:
        pixels = to_pixels(path.read_bytes(), size, "area")
        assert pixels.shape == (size, size, 3)
        assert pixels.std() > 1
