"""From the bytes of a photo to the RGB pixels that a network sees; bytes from outside are never trusted."""

import io
import warnings
from collections.abc import Callable
from typing import Literal, NamedTuple

import cv2
import numpy as np
from cv2.typing import MatLike
from PIL import Image, UnidentifiedImageError

from bakeoff.core.errors import ConfigError, ImageError, unknown_name
from bakeoff.core.geometry import GREY, CropBox, Resize, frame
from bakeoff.core.types import Images
from bakeoff.data.build.stated_size import EXACT, Fit, Size, fit
from bakeoff.data.photo_formats import FORMATS

Filter = Literal["area", "linear"]

PIXEL_LIMIT = 100_000_000
"""A file of a few kilobytes can claim billions of pixels; larger images are refused before they are decoded."""

STRIP = 256
"""Rows that are converted at once: a whole image in a wider type would take several times its memory."""

FILTERS = {"area": cv2.INTER_AREA, "linear": cv2.INTER_LINEAR}
DECODED = 3
"""A JPEG's decoder halves a photo, once to three times, where this many pixels a side are left for each new one: the
nearest to a full decode that is still faster (benchmarks/build.py)."""
ORIENTATION_TAG = 0x0112
TURNS: dict[int, Callable[[Images], MatLike]] = {
    2: lambda pixels: cv2.flip(pixels, 1),
    3: lambda pixels: cv2.flip(pixels, -1),
    4: lambda pixels: cv2.flip(pixels, 0),
    5: cv2.transpose,
    6: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE),
    7: lambda pixels: cv2.flip(cv2.transpose(pixels), -1),
    8: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE),
}
"""What makes an image upright, by the value of its EXIF orientation (Exif 2.3, 4.6.4)."""


def to_pixels(
    raw: bytes, size: int, filter_name: Filter, resize_name: Resize = "stretch", crop_box: CropBox | None = None
) -> Images:
    """Decodes a photo and resizes it as a data set does.

    Args:
        raw: The file's bytes.
        size: Height and width of the result, in pixels.
        filter_name: "area" or "linear", as in `resize`.
        resize_name: How the photo becomes square, as in `geometry.frame`.
        crop_box: What part of the upright photo is used; None means all of it.

    Returns:
        uint8 (size, size, 3), RGB.

    Raises:
        ImageError: The photo can't be used.
        ConfigError: There is no such filter.
    """
    return to_fitted_pixels(raw, size, filter_name, resize_name, crop_box)[0]


def to_fitted_pixels(
    raw: bytes,
    size: int,
    filter_name: Filter,
    resize_name: Resize = "stretch",
    crop_box: CropBox | None = None,
    stated: Size | None = None,
) -> tuple[Images, Fit]:
    """As `to_pixels`, of a photo for which the annotations state a size.

    Args:
        raw: As of `to_pixels`.
        size: As of `to_pixels`.
        filter_name: As of `to_pixels`.
        resize_name: As of `to_pixels`.
        crop_box: What part of the photo of the stated size is used; None means all of it.
        stated: Width and height of the photo, in pixels; None means those that it has.

    Returns:
        The pixels, and how boxes lie in the upright photo.

    Raises:
        ImageError: The photo can't be used, or is not of the stated size.
        ConfigError: There is no such filter.
    """
    quick = crop_box is None and resize_name == "stretch" and filter_name == "area"
    photo = _decode(raw, DECODED * size if quick else 0)
    found = fit(stated, photo.size, photo.orientation) if stated else EXACT
    if quick:
        return _turn(resize(photo.pixels, size, filter_name, photo.extent), photo.orientation), found
    pixels = photo.pixels if crop_box and found.turn else _turn(photo.pixels, photo.orientation)
    if crop_box:
        pixels = _turn(_cut(pixels, found.scale(crop_box)), found.turn)
    elif resize_name == "stretch":
        return resize(pixels, size, filter_name), found
    return square(pixels, size, filter_name, resize_name), found


def decode(raw: bytes) -> Images:
    """Decodes the first frame of a photo, turned upright as its EXIF orientation says.

    Transparent pixels are laid over white; 16-bit greys are scaled to 8 bits; 32-bit and floating-point greys have no
    fixed range, so the image's own darkest and brightest values become 0 and 255. Colour profiles are not applied. A
    file that was cut short is refused; damage inside a JPEG file that goes on to a proper end is not noticed, since
    libjpeg paints over it.

    Args:
        raw: The bytes of a file in one of `photo_formats.FORMATS`.

    Returns:
        uint8 (H, W, 3), RGB.

    Raises:
        ImageError: The bytes are no such file, are damaged or cut short, or have more than `PIXEL_LIMIT` pixels.
    """
    photo = _decode(raw)
    return _turn(photo.pixels, photo.orientation)


class _Decoded(NamedTuple):
    """A photo as it is stored.

    Attributes:
        pixels: uint8 (H, W, 3); of a photo that was halved fewer than it has.
        extent: Its height and width in these pixels: no whole numbers where an odd side was halved, whose last pixel is
            then a part of one.
        size: Its own width and height.
        orientation: What makes it upright, as EXIF says: 1 to 8.
    """

    pixels: Images
    extent: tuple[float, float]
    size: Size
    orientation: int


def _decode(raw: bytes, least: int = 0) -> _Decoded:
    """Decodes a photo; a JPEG may be halved, as long as its sides keep `least` pixels, where that is not 0."""
    if not raw:
        raise ImageError("the file is empty")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(raw), formats=FORMATS) as image:
                _check_size(image)
                size = image.size
                drafted = image.draft("RGB", (least, least)) if least else None
                width, height = drafted[1][2:] if drafted else image.size
                image.load()
                return _Decoded(np.asarray(_to_rgb(image)), (height, width), size, _orientation(image))
        except ImageError:
            raise
        except UnidentifiedImageError:  # its own message holds a memory address, which differs from run to run
            raise ImageError(f"the file is not a {'/'.join(FORMATS)} image; it starts with {raw[:16]!r}") from None
        except Image.DecompressionBombError as error:
            claim = str(error).partition(" exceeds")[0]  # what follows is Pillow's own, higher limit
            raise ImageError(f"the image is above the limit of {PIXEL_LIMIT:,} pixels: {claim}") from None
        except Exception as error:  # hostile files bring up nearly every type: struct.error, IndexError, zlib.error...
            raise ImageError(f"the image can't be decoded: {error or type(error).__name__}") from None


def resize(image: Images, size: int, filter_name: Filter, extent: tuple[float, float] | None = None) -> Images:
    """Stretches an image to a square.

    Args:
        image: uint8 (H, W, 3).
        size: Height and width of the result, in pixels.
        filter_name: "area" averages over the source pixels under each new one, so that fine patterns do not alias
            (where an image gets larger, it interpolates); "linear" is `cv2.resize`'s default, which reads four
            source pixels only.
        extent: Height and width of what the image shows, in its pixels: H and W, or less than one pixel below them;
            None means H and W.

    Returns:
        uint8 (size, size, 3).

    Raises:
        ConfigError: There is no such filter.
    """
    if filter_name not in FILTERS:
        raise ConfigError(unknown_name("filter", filter_name, FILTERS))
    method = FILTERS[filter_name]
    if extent in (None, image.shape[:2]):
        return np.asarray(cv2.resize(image, (size, size), interpolation=method), dtype=np.uint8)
    height, width = extent
    return np.asarray(cv2.resize(image, None, fx=size / width, fy=size / height, interpolation=method), dtype=np.uint8)


def square(image: Images, size: int, filter_name: Filter, resize_name: Resize) -> Images:
    """Makes an image square, as `geometry.frame` says: uint8 (H, W, 3) to uint8 (size, size, 3)."""
    height, width = image.shape[:2]
    down, across = frame(resize_name, height, width, size), frame(resize_name, width, height, size)
    shown = image[down.begin : down.begin + down.extent, across.begin : across.begin + across.extent]
    result = np.full((size, size, 3), GREY, dtype=np.uint8)
    result[down.first : down.first + down.count, across.first : across.first + across.count] = cv2.resize(
        shown, (across.count, down.count), interpolation=FILTERS[filter_name]
    )
    return result


def _cut(image: Images, crop_box: CropBox) -> Images:
    cut = image[crop_box.top : crop_box.top + crop_box.height, crop_box.left : crop_box.left + crop_box.width]
    if not cut.size:
        raise ImageError(f"the photo of {image.shape[1]} x {image.shape[0]} pixels does not reach to the object")
    return cut


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > PIXEL_LIMIT:
        raise ImageError(f"the image is above the limit of {PIXEL_LIMIT:,} pixels: {image.width} x {image.height}")


def _to_rgb(image: Image.Image) -> Image.Image:
    """The image in mode RGB; Pillow's own conversion would clip deep greys, and show what transparency hides."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_to_eight_bits(image)).convert("RGB")
    if image.mode == "RGB" and not image.has_transparency_data:
        return image  # Pillow's conversion would copy it
    if not image.has_transparency_data:
        return image.convert("RGB")
    result = Image.new("RGB", image.size)
    for top in range(0, image.height, STRIP):
        strip = image.crop((0, top, image.width, min(top + STRIP, image.height))).convert("RGBA")
        white = Image.new("RGBA", strip.size, "white")
        result.paste(Image.alpha_composite(white, strip).convert("RGB"), (0, top))
    return result


def _to_eight_bits(image: Image.Image) -> Images:
    """A deep grey image as uint8 (H, W)."""
    values = np.asarray(image)
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(high - low):
        raise ImageError("the image holds values that are not finite")
    result = np.empty(values.shape, np.uint8)
    for top in range(0, len(values), STRIP):
        strip = values[top : top + STRIP]
        if image.mode.startswith("I;16"):
            result[top : top + STRIP] = (strip.astype(np.uint32) + 128) // 257
        else:
            result[top : top + STRIP] = np.rint((strip - low) * (255 / ((high - low) or 1)))
    return result


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; broken EXIF data do not make a photo unusable."""
    try:
        found = image.getexif().get(ORIENTATION_TAG, 1)
    except Exception:  # any type, as in `decode`
        return 1
    return found if found in TURNS else 1


def _turn(pixels: Images, orientation: int) -> Images:
    return np.asarray(TURNS[orientation](pixels), np.uint8) if orientation in TURNS else pixels
