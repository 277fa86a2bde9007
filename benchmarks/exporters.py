"""Files that other tools write, read by bakeoff: the same selection and pixels as from the original?

    python benchmarks/exporters.py [--python [TOOL=]INTERPRETER …] [--keep FOLDER]

draws a small data set (48 scenes, JPEG and PNG, some in a folder of their own; three classes, polygons, a crowd, a
photo without annotations), lets each tool of `exporting.py` write it in each format that it can, and gives bakeoff what
was written. The tools run in the interpreter of an environment (`--python venv/bin/python`) into which the extra
`exporters` was installed, or each in its own (`--python globox=venv/bin/python`). Writes
`benchmarks/results/exporters.json` and `exporters.md`.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from exporting import TOOLS
from PIL import Image

import bakeoff
from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment
from bakeoff.data.inputs import open_index
from bakeoff.workflow import pipeline

RESULTS = Path(__file__).parent / "results"
SCENES = 48
CLASSES = ("ball", "fish", "house")
SETTINGS = (
    f"data.classes={','.join(CLASSES)}",
    "data.policy=dominant",
    "data.size=32",
    "data.workers=1",
    "data.train_per_class=all",
    "data.val_per_class=all",
)
"""A photo's label follows from its boxes, its split from a list: other ids give the same."""
SPLIT = "split.csv"
VIEWS = {"photo": (), "crop": ("data.view=crop", "data.min_side=8")}
ROUNDED = 0.001
"""Pixels by which a box may be off without being mentioned."""


def main() -> None:
    """Runs all tools that there are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", default=[], metavar="[TOOL=]INTERPRETER")
    parser.add_argument("--keep", type=Path, help="a folder, new or empty, for all that is written")
    options = parser.parse_args()
    pythons = {tool: python for tool, _, python in (each.rpartition("=") for each in options.python)}
    with tempfile.TemporaryDirectory() as made:
        folder = options.keep or Path(made)
        data_sets = [draw(folder / kind, nested=kind == "nested") for kind in ("nested", "flat")]
        (folder / SPLIT).write_text(
            "".join(f"scene{at:02d},{'val' if at % 4 < 2 else 'train'}\n" for at in range(SCENES))
        )
        expected = [examine(*places, folder / f"original-{at}", folder / SPLIT) for at, places in enumerate(data_sets)]
        if failed := [found["error"] for found in expected if "error" in found]:
            sys.exit(f"the original can't be used: {failed[0]}")
        rows = [
            row
            for tool, (module, _) in TOOLS.items()
            for row in try_tool(tool, module, pythons.get(tool, pythons.get("")), folder / tool, data_sets, expected)
        ]
        rows = json.loads(json.dumps(rows).replace(f"{folder}/", ""))  # the same wherever it ran
    results = {"environment": Environment.current(), "boxes": len(expected[0]["boxes"]), "exports": rows}
    write_json(RESULTS / "exporters.json", results)
    (RESULTS / "exporters.md").write_text("\n".join(page(results)) + "\n")
    print("\n".join(table(rows)))


def draw(folder: Path, *, nested: bool) -> tuple[Path, Path]:
    """The data set: bakeoff's drawn sample with other names, kinds of files, and annotations.

    With `nested` some photos are in a folder of their own, which not every tool can write.
    """
    drawn, images = bakeoff.draw_sample(folder / "drawn", images=SCENES)
    document = json.loads(drawn.read_text())
    photos = folder / "photos"
    (photos / "more").mkdir(parents=True)
    by_image = {image["id"]: [] for image in document["images"]}
    for one in document["annotations"]:
        one["area"] = one["bbox"][2] * one["bbox"][3]  # the tools know no other: that of masks is lost
        by_image[one["image_id"]].append(one)
    for number, image in enumerate(document["images"]):
        name = f"{'more/' * (nested and number % 8 == 3)}scene{number:02d}.{'png' if number % 3 == 2 else 'jpg'}"
        raw = (images / image["file_name"]).read_bytes()
        if name.endswith("png"):
            with Image.open(images / image["file_name"]) as photo:
                photo.convert("RGB").save(photos / name)
        else:
            (photos / name).write_bytes(raw)
        image["file_name"] = name
    empty = [own for own in by_image.values() if len(own) > 1][-1]
    document["annotations"] = [one for one in document["annotations"] if one not in empty]
    sizes = {image["id"]: (image["height"], image["width"]) for image in document["images"]}
    for own in by_image.values():
        for one in own:
            if one["iscrowd"]:
                one["segmentation"] = mask(one["bbox"], *sizes[one["image_id"]])
        if len(own) == 1:
            x, y, width, height = own[0]["bbox"]
            middle, centre = x + width / 2, y + height / 2
            own[0]["segmentation"] = [[middle, y, x + width, centre, middle, y + height, x, centre]]
    path = folder / "instances.json"
    path.write_text(json.dumps(document))
    return path, photos


def mask(box: list[int], height: int, width: int) -> dict:
    """A box as COCO's uncompressed run lengths: column by column, zeros first."""
    x, y, across, down = box
    pixels = np.zeros((width, height), dtype=bool)
    pixels[x : x + across, y : y + down] = True
    ends = [*np.flatnonzero(np.diff(pixels.ravel())) + 1, pixels.size]
    counts = np.diff([0, *ends]).tolist()
    return {"counts": [0, *counts] if pixels.flat[0] else counts, "size": [height, width]}


def try_tool(
    tool: str, module: str, python: str | None, folder: Path, data_sets: list[tuple[Path, Path]], expected: list[dict]
) -> list[dict]:
    """A row for each format of a tool; one that says why where it can't run."""
    if not python and not find_spec(module):
        return [{"tool": tool, "refused": ["not installed"]}]
    places = [place for data_set in data_sets for place in data_set]
    command = [python or sys.executable, Path(__file__).with_name("exporting.py"), tool, folder, *places]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        return [{"tool": tool, "refused": [ended.stderr.strip().splitlines()[-1]]}]
    told = json.loads(ended.stdout.splitlines()[-1])
    rows = []
    for kind, written in told["written"].items():
        row = {"tool": tool, "version": told["version"], "format": kind, "refused": written["refused"]}
        if written["data"] is not None:
            found = examine(
                written["annotations"],
                written["images"],
                folder / f"{kind}-built",
                "" if written["split"] else folder.parent / SPLIT,
            )
            row |= compare(found, expected[written["data"]], drawn=written["split"])
        rows.append(row)
    return rows


def examine(annotations: Path | str, images: Path | str, out: Path, split: Path | str) -> dict:
    """What bakeoff makes of annotations: photos, boxes, selection and pixels, or its error."""
    found = {"problems": []}
    try:
        for view, more in VIEWS.items():
            overrides = [
                *SETTINGS,
                *more,
                f"data.split_list={split}",
                f"data.annotations={annotations}",
                f"data.images={images}",
            ]
            config = bakeoff.load_experiment("demo", overrides)
            if view == "photo":
                index, _ = open_index(config.data, None)
                found |= {"photos": sorted(map(scene, index.images["file_name"])), "boxes": boxes(index)}
                found["problems"] = [problem.message for problem in index.info.problems]
            dataset = pipeline.build(config, out / view)
            found[view] = [
                (
                    scene(row["file_name"]),
                    split,
                    dataset.info.classes[row["label"]],
                    dataset.images[split][at].tobytes(),
                )
                for split in dataset.info.counts
                for at, row in enumerate(dataset.rows(split).iter_rows(named=True))
            ]
    except bakeoff.BakeoffError as error:
        found["error"] = str(error)
    return found


def scene(file: str) -> str:
    """The name that a photo has in every export."""
    return re.search(r"scene\d+", file)[0]


def boxes(index: bakeoff.Index) -> list[tuple]:
    """Scene, class, sides and whether it is a crowd, of each annotation, in an order that ids do not decide."""
    rows = index.annotations.join(index.images, on="image_id", suffix="_photo").join(index.categories, on="category_id")
    columns = ("file_name", "name", "x", "y", "width", "height", "crowd")
    return sorted((scene(file), *rest) for file, *rest in rows.select(columns).iter_rows())


def compare(found: dict, expected: dict, *, drawn: bool) -> dict:
    """A row of the table; the splits are not compared where the tool has drawn them."""
    row = {"problems": found["problems"], "error": found.get("error")}
    if "boxes" in found:
        ours, theirs = ([each[:2] for each in of["boxes"]] for of in (found, expected))
        row |= {"photos": len(found["photos"]), "boxes": len(ours), "crowds": sum(each[-1] for each in found["boxes"])}
        if ours == theirs:
            sides = [np.array([each[2:6] for each in of["boxes"]]) for of in (found, expected)]
            row["off"] = float(np.abs(sides[0] - sides[1]).max())
    for view in VIEWS:
        if view in found:
            ours, theirs = (
                [(*each[:1], "" if drawn else each[1], *each[2:]) for each in of[view]] for of in (found, expected)
            )
            row[view] = {
                "selection": sorted(each[:3] for each in ours) == sorted(each[:3] for each in theirs),
                "pixels": (Counter(ours) & Counter(theirs)).total(),
                "of": len(theirs),
                "more": len(ours) - len(theirs),
            }
    return row


def table(rows: list[dict]) -> list[str]:
    """The rows as Markdown."""
    return [
        "| tool | version | format | same selection | same photos | same crops | boxes | what bakeoff said |",
        "|---|---|---|---|---|---|---|---|",
        *(f"| {' | '.join(cells(row))} |" for row in rows),
    ]


def cells(row: dict) -> list[str]:
    """A line of the table."""
    head = [row["tool"], row.get("version", ""), row.get("format", "")]
    if "boxes" not in row and "error" not in row:
        return [*head, "", "", "", "", f"not written: {row['refused'][-1]}"]
    said = "; ".join(row["problems"] + ([f"refused: {row['error']}"] if row["error"] else []))
    boxes = f"{row.get('boxes', '')}{', no crowd' if row.get('crowds') == 0 else ''}"
    off = row.get("off", 0)
    return [
        *head,
        *("yes" if "photo" in row and row["photo"]["selection"] else "no",),
        *(share(row[view]) if view in row else "no" for view in VIEWS),
        f"{boxes}, off by {off:.2g}" if off > ROUNDED else boxes,
        said.replace("|", "\\|"),
    ]


def share(view: dict) -> str:
    """How many photos or crops have the same pixels, label and split."""
    return f"{view['pixels']} of {view['of']}" + (f", {view['more']:+}" if view["more"] else "")


def page(results: dict) -> list[str]:
    """The results as Markdown."""
    environment = results["environment"]
    versions = ", ".join(f"{name} {environment.versions[name]}" for name in ("bakeoff", "numpy", "polars", "pillow"))
    return [
        "# Files that other tools write",
        "",
        f"A drawn data set of {SCENES} photos with {results['boxes']} boxes in COCO's format, given to each tool, "
        "written by it in the formats that it has, and read by bakeoff. Counted are the photos with the label, split "
        "and pixels that the original gives, and the crops of objects; +1 is the crowd of a tool that does not write "
        "what is one. Boxes are off by so many pixels at most: supervision draws polygons as masks, pylabel writes "
        "four digits, FiftyOne cuts Pascal VOC's numbers to whole ones. Label Studio's converter writes no polygons as "
        "Pascal VOC, datumaro no crowds as YOLO. Written by `benchmarks/exporters.py`.",
        "",
        f"Made with Python {environment.python}, {environment.platform}; {versions}.",
        "",
        *table(results["exports"]),
    ]


if __name__ == "__main__":
    main()
