"""Draws a COCO-format data set: scenes of objects on textured grounds, for the demo and for tests.

The class is in an object's shape alone: colour, size, rotation and ground are drawn at random, objects hide one another
and are cut by the border, and many scenes hold several classes, so that labels are ambiguous as those of photos are:
those of kites above all.
"""

import colorsys
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from bakeoff.core.atomic import atomic_folder, write_bytes
from bakeoff.core.errors import ConfigError
from bakeoff.core.storage import check_owned, encode, mark_owned

CLASSES = ("ball", "cup", "fish", "house", "kite")
DISTRACTOR = "bush"
SIZES = ((160, 120), (120, 160), (200, 150), (150, 200), (240, 160), (128, 128), (180, 101), (100, 75))
"""Width and height of the scenes, in pixels."""
ODDITIES = {2: "L", 5: "CMYK"}
"""The scenes, by number, that are stored in another mode than RGB: collections hold greyscale and CMYK photos too."""
CLASSES_SHARES = (0.75, 0.2, 0.05)
"""How many of the scenes hold one, two and three of the classes."""
KITE_OVER_HOUSE = {"kite": 0.5, "house": 0.95}
"""How many of the scenes of a kite, and of a house, show a kite over a house about as large: both could be labels."""
CROWD_SHARE = 0.04
MIN_VISIBLE = 20
"""An object that shows fewer pixels is not annotated."""
OVERSAMPLING = 2
"""Scenes are drawn this much larger and then reduced, which smooths the edges."""
CATEGORY_IDS = {name: 10 + 3 * number for number, name in enumerate((*CLASSES, DISTRACTOR))}
GROUPS = dict(zip(CATEGORY_IDS, ("toy", "kitchen", "animal", "building", "toy", "plant"), strict=True))
TILTS = dict(zip(CATEGORY_IDS, (24, 7, 11, 6, 14, 5), strict=True))
"""Standard deviation of an object's rotation, in degrees."""
LICENSE = {"id": 1, "name": "CC0 1.0", "url": "https://creativecommons.org/publicdomain/zero/1.0/"}

MAIN, LIGHT, DARK, ACCENT = range(4)
"""The tones of an object's palette."""

Floats = npt.NDArray[np.floating]
Parts = list[tuple[Floats, int]]
"""An object: polygons, float (P, 2) within about -1 to 1, x to the right and y down; and their tones. Lowest first."""
Entry = dict[str, Any]  # as JSON has it


def draw_sample(
    folder: str | PathLike[str],
    *,
    images: int = 1600,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Path, Path]:
    """Draws a data set in the format of COCO's instances files; the same seed gives the same bytes.

    A scene depends on the seed and its own number only: a larger data set begins with the scenes of a smaller one.

    Args:
        folder: Where it is put, whole or not at all; a sample that is there already is replaced.
        images: How many scenes, 1 or more.
        seed: Seed of all random draws, 0 or more.
        progress: Called now and then with the number of scenes drawn and the number of all.

    Returns:
        The instances file and the folder of the JPEG files.

    Raises:
        ConfigError: `images` or `seed` is out of range.
        StorageError: The folder holds something else than a sample, or can't be written.
    """
    if images < 1 or seed < 0:
        raise ConfigError(f"a sample of {images} images with seed {seed}: give images >= 1 and seed >= 0.")
    folder = Path(folder)
    check_owned(folder, "sample")
    with atomic_folder(folder) as partial:
        mark_owned(partial, "sample")
        (partial / "images").mkdir()
        entries: list[Entry] = []
        annotations: list[Entry] = []
        for number in range(images):
            entry, found = _draw_scene(partial / "images", number, np.random.default_rng([seed, number]))
            entries.append(entry)
            annotations += found
            if number % 50 == 49 or number + 1 == images:
                progress(number + 1, images)
        write_bytes(partial / "instances.json", encode(_document(entries, annotations, seed)))
    return folder / "instances.json", folder / "images"


def _document(images: list[Entry], annotations: list[Entry], seed: int) -> Entry:
    """The instances file's content; the annotations come without their ids."""
    return {
        "info": {"description": f"Scenes drawn by bakeoff, seed {seed}", "version": "1.0", "contributor": "bakeoff"},
        "licenses": [LICENSE],
        "images": images,
        "annotations": [{"id": number, **each} for number, each in enumerate(annotations, start=1)],
        "categories": [{"id": CATEGORY_IDS[name], "name": name, "supercategory": GROUPS[name]} for name in GROUPS],
    }


def _draw_scene(folder: Path, number: int, rng: np.random.Generator) -> tuple[Entry, list[Entry]]:
    """Draws and stores one scene; gives its entry, and its annotations without their ids."""
    image_id = 7 * number + int(rng.integers(1, 8))
    width, height = SIZES[rng.integers(len(SIZES))]
    canvas = _Canvas(width, height, rng)
    _fill(canvas, rng)
    name = f"{image_id:012d}.jpg"
    canvas.photo().convert(ODDITIES.get(number, "RGB")).save(folder / name, quality=88)
    found = [{"image_id": image_id, **each} for each in canvas.annotations()]
    return {"id": image_id, "file_name": name, "width": width, "height": height, "license": 1}, found


def _fill(canvas: "_Canvas", rng: np.random.Generator) -> None:
    """Puts the objects into a scene: distractors, a crowd now and then, and in any order the classes."""
    for _ in range(rng.integers(0, 3)):
        canvas.add(DISTRACTOR, rng.uniform(0.08, 0.2), rng.random((1, 2)))
    if rng.random() < CROWD_SHARE:
        spots = rng.uniform(0.2, 0.8, 2) + rng.uniform(-0.2, 0.2, (rng.integers(8, 20), 2))
        canvas.add(CLASSES[rng.integers(len(CLASSES))], rng.uniform(0.035, 0.06), spots, crowd=True)
    main, *others = rng.permutation(CLASSES)[: 1 + rng.choice(len(CLASSES_SHARES), p=CLASSES_SHARES)]
    others += [kind for kind in (main, *others) if rng.random() < 0.15]
    objects = [(kind, rng.uniform(0.10, 0.22), rng.random((1, 2))) for kind in others]
    if main in KITE_OVER_HOUSE and rng.random() < KITE_OVER_HOUSE[main]:
        x, size = rng.normal(0.5, 0.06), rng.uniform(0.85, 1.1)  # a kite fills less of its square than a house
        objects.append(("kite", size * rng.uniform(0.36, 0.445), np.array([(x + rng.uniform(-0.2, 0.2), 0.34)])))
        objects.append(("house", size * 0.27, np.array([(x, 0.7)])))
    else:
        objects.append((main, rng.uniform(0.30, 0.5), rng.normal(0.5, 0.09, (1, 2))))
    if rng.random() < 0.5:  # else the main object, the largest, lies in front of all others
        rng.shuffle(objects)
    for kind, radius, centre in objects:
        canvas.add(str(kind), radius, centre)


class _Canvas:
    """A scene while it is drawn: the picture, and which object each pixel shows."""

    def __init__(self, width: int, height: int, rng: np.random.Generator) -> None:
        self.rng = rng
        self.size = np.array([width, height]) * OVERSAMPLING
        self.picture = _ground(width, height, rng).resize(tuple(self.size.tolist()), Image.Resampling.NEAREST)
        self.owners = Image.new("L", self.picture.size)
        self.kinds: list[tuple[str, bool]] = []

    def add(self, kind: str, radius: float, centres: Floats, *, crowd: bool = False) -> None:
        """Draws objects annotated as one; radius: fraction of the short side, centres (M, 2): of width and height."""
        self.kinds.append((kind, crowd))
        paint, mark = ImageDraw.Draw(self.picture), ImageDraw.Draw(self.owners)
        for centre in centres:
            angle = np.radians(self.rng.normal(0, TILTS[kind]))
            turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
            stretch = self.rng.uniform(0.85, 1.15, 2) * (self.rng.choice([-1, 1]), 1)
            palette = _palette(self.rng)
            for polygon, tone in SHAPES[kind](self.rng):
                corners = (polygon * stretch @ turn * radius * self.size.min() + centre * self.size).ravel().tolist()
                paint.polygon(corners, fill=palette[tone], outline=palette[DARK])
                mark.polygon(corners, fill=len(self.kinds))
                if tone != DARK:  # Pillow skips an outline of the fill's colour, so the mark needs its own call
                    mark.polygon(corners, outline=len(self.kinds))

    def annotations(self) -> list[Entry]:
        """What is visible of each object, as entries without ids; boxes and areas count finished pixels."""
        owners = np.asarray(self.owners)[::OVERSAMPLING, ::OVERSAMPLING]
        entries = []
        for number, (kind, crowd) in enumerate(self.kinds, start=1):
            y, x = np.nonzero(owners == number)
            if len(x) >= MIN_VISIBLE:
                box = [int(side) for side in (x.min(), y.min(), np.ptp(x) + 1, np.ptp(y) + 1)]
                entry = {"category_id": CATEGORY_IDS[kind], "iscrowd": int(crowd), "area": len(x)}
                entries.append({**entry, "bbox": box, "segmentation": []})
        return entries

    def photo(self) -> Image.Image:
        """The finished scene, RGB, with the grain of a photo."""
        pixels = np.asarray(self.picture.reduce(OVERSAMPLING), np.float32)
        grain = self.rng.standard_normal((*pixels.shape[:2], 1), np.float32) * self.rng.uniform(2, 12)
        return Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8))


def _palette(rng: np.random.Generator, *, pale: bool = False) -> list[tuple[int, int, int]]:
    """The colours of an object's tones; any hue, whatever the object is, so that only the shape shows the class."""
    hue, shift = rng.random(), rng.uniform(0.15, 0.85)
    main = colorsys.hsv_to_rgb(hue, rng.uniform(0.25, 0.95), rng.uniform(0.4, 0.95))
    accent = colorsys.hsv_to_rgb((hue + shift) % 1, rng.uniform(0.2, 0.9), rng.uniform(0.4, 0.95))
    tones = np.array([main, np.add(main, 1) / 2, np.multiply(main, 0.55), accent])
    tones = 115 + 128 * tones if pale else 255 * tones
    return [(red, green, blue) for red, green, blue in tones.astype(int).tolist()]


def _ground(width: int, height: int, rng: np.random.Generator) -> Image.Image:
    """A textured ground: a gradient with soft clouds; stripes on some, patches on some. It means nothing."""
    first, last = (np.array(_palette(rng, pale=True)[MAIN], np.float32) for _ in range(2))
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    x = np.linspace(0, 1, width, dtype=np.float32)[:, None]
    pixels = first + (0.65 * y + 0.35 * x) * (last - first)
    coarse = rng.integers(0, 256, (*rng.integers(4, 14, 2), 3), np.uint8)
    clouds = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    pixels += (np.asarray(clouds, np.float32) - 128) * rng.uniform(0.05, 0.25)
    if rng.random() < 0.3:
        along, across = rng.uniform(-60, 60, 2).tolist()
        pixels += np.sin(along * x + across * y) * rng.uniform(5, 16)
    ground = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    colours, brush = _palette(rng, pale=True), ImageDraw.Draw(ground)
    for _ in range(rng.integers(3, 12) if rng.random() < 0.35 else 0):
        (x, y), (across, down) = rng.random(2), rng.uniform(0.03, 0.16, 2)
        corners = _arc(x, y, across, down, points=int(rng.integers(4, 12)))
        brush.polygon((corners * ground.size).ravel().tolist(), fill=colours[rng.integers(len(colours))])
    return ground


def _arc(
    x: float, y: float, across: float, down: float, start: float = 0, end: float = 360, points: int = 28
) -> Floats:
    """The part of an ellipse around (x, y) between two angles, in degrees from the right, clockwise."""
    angles = np.radians(np.linspace(start, end, points))
    return np.stack([x + across * np.cos(angles), y + down * np.sin(angles)], axis=1)


def _box(x: float, y: float, width: float, height: float) -> Floats:
    return np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])


def _ball(rng: np.random.Generator) -> Parts:
    width = rng.uniform(0.25, 0.6)
    band = np.concatenate([_arc(0, 0, width, 0.97, -90, 90), _arc(0, 0, width * 0.2, 0.97, 90, -90)])
    return [(_arc(0, 0, 1, 1), MAIN), (band, ACCENT), (band * (-1, 1), LIGHT), (_arc(0, -0.93, 0.2, 0.1), ACCENT)]


def _cup(rng: np.random.Generator) -> Parts:
    foot, stripe = rng.uniform(0.35, 0.6), _box(-0.53, rng.uniform(-0.1, 0.3), 1.05, 0.25)
    handle = np.concatenate([_arc(0.5, 0, 0.55, 0.55, -90, 90), _arc(0.5, 0, 0.34, 0.34, 90, -90)])
    body = np.concatenate([[(-0.75, -0.75), (0.71, -0.75)], _arc(0, 0.75, foot, 0.18, 0, 180)])
    rim, inside = _arc(-0.02, -0.75, 0.73, 0.2), _arc(-0.02, -0.72, 0.58, 0.13)
    return [(handle, MAIN), (body, MAIN), (stripe, ACCENT), (rim, LIGHT), (inside, DARK)]


def _fish(rng: np.random.Generator) -> Parts:
    slim, fin = rng.uniform(0.36, 0.55), rng.uniform(0.25, 0.5)
    tail = np.array([(0.45, 0), (1.05, -fin), (0.85, 0), (1.05, fin)])
    top = np.array([(-0.3, -slim * 0.8), (0.15, -slim - fin * 0.6), (0.35, -slim * 0.6)])
    body, stripes = _arc(-0.2, 0, 0.8, slim), [(_arc(x, 0, 0.06, slim * 0.75), LIGHT) for x in (0.02, 0.25)]
    eye, pupil = _arc(-0.62, -0.1, 0.13, 0.13), _arc(-0.64, -0.1, 0.06, 0.06)
    return [(tail, ACCENT), (top, ACCENT), (body, MAIN), *stripes, (eye, LIGHT), (pupil, DARK)]


def _house(rng: np.random.Generator) -> Parts:
    eaves = rng.uniform(-0.35, 0.0)
    walls, roof = _box(-0.72, eaves, 1.44, 0.9 - eaves), np.array([(-0.98, eaves), (0, -1), (0.98, eaves)])
    chimney, door = _box(0.38, -0.95, 0.24, 0.95 + eaves), _box(rng.uniform(-0.35, 0.05), 0.3, 0.3, 0.6)
    panes = [(_box(x, eaves + 0.15, 0.32, 0.32), LIGHT) for x in (-0.58, 0.26)]
    return [(chimney, DARK), (walls, MAIN), (roof, ACCENT), (door, DARK), *panes]


def _kite(rng: np.random.Generator) -> Parts:
    waist, y = rng.uniform(-0.5, -0.25), np.linspace(0.4, 1.25, 12)
    string = np.stack([rng.uniform(0.08, 0.18) * np.sin(9 * (y - 0.4)), y], axis=1)
    tail = np.concatenate([string - 0.03, string[::-1] + 0.03])
    bow = np.array([(-0.16, -0.09), (0.16, 0.09), (0.16, -0.09), (-0.16, 0.09)])
    left, right = (np.array([(0, -1), (side, waist), (0, 0.45)]) for side in (-0.62, 0.62))
    lower = np.array([(0.62, waist), (0, 0.45), (0, waist)])
    bows = [(bow + string[place], ACCENT) for place in (5, 9)]
    return [(tail, DARK), *bows, (left, MAIN), (right, ACCENT), (lower, LIGHT)]


def _bush(rng: np.random.Generator) -> Parts:
    leaf, berry = _arc(0, 0, 0.42, 0.42, points=12), _arc(0, 0, 0.1, 0.1, points=8)
    leaves = [(leaf + spot, MAIN) for spot in rng.uniform((-0.7, -0.4), (0.7, 0.5), (9, 2))]
    return leaves + [(berry + spot, ACCENT) for spot in rng.uniform(-0.5, 0.5, (4, 2))]


SHAPES = {"ball": _ball, "cup": _cup, "fish": _fish, "house": _house, "kite": _kite, DISTRACTOR: _bush}
"""For each kind of object what draws it."""
