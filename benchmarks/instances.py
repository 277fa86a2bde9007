"""Draws an instances file of train2017's size and form: 118,287 images, 860,001 annotations, about 450 MB.

    python benchmarks/instances.py OUT.json [--images N] [--annotations N] [--seed N]

The same options give the same bytes. Which categories stand together in a photo, and their boxes, are those of COCO
train2014 where the folder that BAKEOFF_DATA names (default ../shared/data) holds `instances_train2014_boxes.json.zst`;
elsewhere categories are drawn by a power law. The polygons are closed curves around the boxes' ellipses.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

IMAGES, ANNOTATIONS = 118_287, 860_001
EMPTY_SHARE = 0.0086
"""Share of train2017's images without an annotation."""
CROWD_SHARE = 0.0116
VERTICES = 17.0
"""Median number of a polygon's vertices; with its spread and second parts it gives train2017's bytes an annotation."""
BLOCK = 10_000
"""Annotations that are drawn at once."""


def main() -> None:
    """Draws the file that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--annotations", type=int, default=ANNOTATIONS)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    real = draw_instances(options.out, options.images, options.annotations, options.seed)
    print(f"{options.out}: {options.out.stat().st_size:,} bytes, labels {'of train2014' if real else 'drawn'}")


def draw_instances(path: Path, images: int = IMAGES, annotations: int = ANNOTATIONS, seed: int = 0) -> bool:
    """Writes an instances file; returns whether its labels are train2014's."""
    draws = np.random.default_rng(seed)
    image_ids = np.sort(draws.choice(581_921 * (1 + images // 400_000), images, replace=False) + 1)
    filled = draws.permutation(image_ids)[: images - int(EMPTY_SHARE * images)]
    source = train2014()
    rows, names = labels(draws, filled, annotations, source)
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        file.write(b'{"info": {"description": "drawn, in the form of COCO 2017"},"licenses": ')
        file.write(spaced([{"url": f"http://license/{number}", "id": number, "name": "CC"} for number in range(1, 9)]))
        file.write(b',"images": [')
        file.write(b",".join(image_entry(number, draws) for number in image_ids.tolist()))
        file.write(b'],"annotations": [')
        for number, block in enumerate(np.array_split(rows, -(-len(rows) // BLOCK))):
            file.write(b"," * bool(number) + b",".join(annotation_entries(block, draws)))
        file.write(b'],"categories": ')
        entries = [{"supercategory": f"group {key % 12}", "id": key, "name": name} for key, name in names.items()]
        file.write(spaced(entries) + b"}")
    partial.replace(path)
    return source is not None


def train2014() -> dict | None:
    """The boxes of COCO train2014, where they are at hand."""
    folder = Path(os.environ.get("BAKEOFF_DATA", Path(__file__).parents[2] / "shared" / "data"))
    packed = folder / "instances_train2014_boxes.json.zst"
    return msgspec.json.decode(zstd.decompress(packed.read_bytes())) if packed.exists() else None


def labels(
    draws: np.random.Generator, image_ids: np.ndarray, count: int, source: dict | None
) -> tuple[np.ndarray, dict[int, str]]:
    """Rows of annotation id, image id, category id, x, y, width, height (float64), shuffled; category names by id."""
    if source is None:
        names = {key: f"category {key}" for key in range(1, 81)}
        weights = np.arange(1, 81) ** -0.9
        boxes = np.column_stack(
            [draws.choice(80, count, p=weights / weights.sum()) + 1, *draws.beta(1, 3, (4, count)) * 300]
        )
        owners = np.concatenate([image_ids, draws.choice(image_ids, max(0, count - len(image_ids)))])[:count]
    else:
        names = {entry["id"]: entry["name"] for entry in source["categories"]}
        entries = source["annotations"]
        boxes = np.array([(entry["category_id"], *entry["bbox"]) for entry in entries])
        whose = np.array([entry["image_id"] for entry in entries])
        boxes = boxes[np.argsort(whose, kind="stable")]
        _, starts, sizes = np.unique(np.sort(whose), return_index=True, return_counts=True)
        chosen = np.arange(len(image_ids)) % len(starts)  # each photo once before any twice
        owners = np.repeat(image_ids, sizes[chosen])
        takes = np.concatenate([np.arange(starts[photo], starts[photo] + sizes[photo]) for photo in chosen])
        extra = draws.choice(len(takes), max(0, count - len(takes)))
        kept = np.concatenate([np.sort(draws.permutation(len(takes))[:count]), extra])
        boxes, owners = boxes[takes[kept]], owners[kept]
    order = draws.permutation(count)
    keys = draws.permutation(3 * count)[:count] + 1
    return np.column_stack([keys, owners[order], boxes[order]]), names


def image_entry(number: int, draws: np.random.Generator) -> bytes:
    """An entry of `images`, as train2017 writes it."""
    name, farm, other = f"{number:012d}.jpg", *draws.integers(1, [10, 10**10])
    return (
        f'{{"license": {number % 8 + 1},"file_name": "{name}","coco_url": '
        f'"http://images.cocodataset.org/train2017/{name}","height": 480,"width": 640,"date_captured": '
        f'"2013-11-14 11:18:45","flickr_url": "http://farm{farm}.staticflickr.com/8186/{other:010d}_d0f0a2f7_z.jpg",'
        f'"id": {number}}}'
    ).encode()


def annotation_entries(rows: np.ndarray, draws: np.random.Generator) -> Iterator[bytes]:
    """The entries of `annotations` for some rows, as train2017 writes them."""
    crowd = draws.random(len(rows)) < CROWD_SHARE
    second = draws.random(len(rows)) < 0.12
    for row, is_crowd, two in zip(rows.tolist(), crowd.tolist(), second.tolist(), strict=True):
        key, image, category, *box = row
        if is_crowd:
            counts = draws.integers(1, 400, draws.integers(100, 900)).tolist()
            shape = b'{"counts": ' + spaced(counts) + b',"size": [480,640]}'
        else:
            shape = spaced([polygon(box, draws) for _ in range(1 + two)])
        area = box[2] * box[3] * draws.uniform(0.4, 0.8)
        yield b'{"segmentation": %b,"area": %b,"iscrowd": %d,"image_id": %d,"bbox": %b,"category_id": %d,"id": %d}' % (
            shape,
            msgspec.json.encode(area),
            is_crowd,
            image,
            msgspec.json.encode([round(value, 2) for value in box]),
            category,
            key,
        )


def polygon(box: list[float], draws: np.random.Generator) -> list[float]:
    """X and y of a closed curve around the ellipse in a box, to two decimals, in turns."""
    x, y, width, height = box
    count = 3 + int(np.exp(draws.normal(np.log(VERTICES), 0.6)))
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    reach = 0.5 * (1 - draws.uniform(0, 0.35, count))
    points = np.stack([x + width * (0.5 + reach * np.cos(angles)), y + height * (0.5 + reach * np.sin(angles))], axis=1)
    return np.round(points, 2).ravel().tolist()


def spaced(value: object) -> bytes:
    """JSON with a space after each key, as COCO's files have it; the value holds no colons in its strings but URLs'."""
    return msgspec.json.encode(value).replace(b'":', b'": ')


if __name__ == "__main__":
    main()
