"""A data set that does not fit: drawn photos of 64 px built, opened, verified and trained on, in how much memory?

    python benchmarks/million.py [--photos N] [--home FOLDER] [--processes N]

draws scenes as the demo does, their shorter side 64 px, and names each many times by hard links, a thousand photos in a
folder, with one instances file. Then, each in a process of its own, as a user would: `bakeoff build`, opening the data
set and reading photos all over it, `bakeoff verify`, `bakeoff train` (net1, one epoch, batch 64), `bakeoff report`. Of
each stage the seconds, and the peak memory of its largest process as the kernel counts it (`ru_maxrss`: pages of mapped
files count, the system's own cache of files does not). Needs about 20 KB of disk and 2 inodes a photo in FOLDER, which
is emptied at the end. Writes `benchmarks/results/million.json` and `million.md`.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment
from bakeoff.data.sample import CLASSES, draw_sample

RESULTS = Path(__file__).parent / "results"
SCENES, SIDE, IN_A_FOLDER, VAL = 1000, 64, 1000, 0.01
GOAL, REPORT = 1024, "report"
"""MiB, of all stages but this one."""
OPEN = """
import sys, time
from pathlib import Path
import numpy as np
from bakeoff.data.build import load
begun = time.perf_counter()
dataset = load(Path(sys.argv[1]))
print(f"opened in {time.perf_counter() - begun:.1f} s")
images, labels = dataset.images["train"], dataset.labels["train"]
rows = np.random.default_rng(0).permutation(len(images))
begun = time.perf_counter()
total = sum(int(images[some].sum(dtype=np.int64)) for some in np.array_split(rows, max(1, len(rows) // 256)))
mean, seconds = total / images.nbytes, time.perf_counter() - begun
print(f"{len(images):,} photos read in random order in {seconds:.1f} s, their mean value {mean:.2f}")
"""


def main() -> None:
    """Draws, builds, opens, verifies, trains; writes what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=1_000_000)
    parser.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--processes", type=int, default=0, help="that decode photos; 0: one per processor")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="million-", dir=asked.home))
    try:
        begun = time.perf_counter()
        write_photos(folder, asked.photos)
        rows: dict[str, dict[str, float]] = {"draw": {"seconds": time.perf_counter() - begun}}
        out, experiment = folder / "out", str(write_experiment(folder, asked.processes))
        for stage, command in {
            "build": ["-m", "bakeoff", "build", experiment, "--out", str(out)],
            "open, and read every photo": ["-c", OPEN, str(out / "dataset")],
            "verify": ["-m", "bakeoff", "verify", str(out)],
            "train net1, one epoch": ["-m", "bakeoff", "train", experiment, "--out", str(out)],
            REPORT: ["-m", "bakeoff", "report", str(out)],
        }.items():
            rows[stage] = measured(command)
            print(stage, rows[stage], flush=True)
        arrays = {path.name: path.stat().st_size for path in sorted((out / "dataset").glob("*.npy"))}
        record = json.loads(next((out / "runs").glob("*/run.json")).read_text())
    finally:
        shutil.rmtree(folder)
    result = {
        "environment": Environment.current(),
        "photos": asked.photos,
        "arrays": arrays,
        "stages": rows,
        "photos a second in training": record["images_per_second"],
        "load": os.getloadavg()[0],
    }
    write_json(RESULTS / "million.json", result)
    (RESULTS / "million.md").write_text("\n".join(page(result)) + "\n")


def write_photos(folder: Path, count: int) -> None:
    """Writes `photos/` and `instances.json`."""
    instances, images = draw_sample(folder / "sample", images=min(count, SCENES))
    scenes = json.loads(instances.read_text())
    boxes: dict[int, list[dict]] = {}
    for box in scenes["annotations"]:
        boxes.setdefault(box["image_id"], []).append(box)
    for scene in scenes["images"]:
        scene["scale"] = SIDE / min(scene["width"], scene["height"])
        size = scene["width"], scene["height"] = [round(scene[side] * scene["scale"]) for side in ("width", "height")]
        with Image.open(images / scene["file_name"]) as image:
            image.resize(size).save(images / scene["file_name"], quality=90)
    with (folder / "instances.json").open("w") as file, tempfile.TemporaryFile("w+") as listed:
        file.write('{"categories": ' + json.dumps(scenes["categories"]) + ', "annotations": [')
        first = True
        for number in range(count):
            scene = scenes["images"][number % len(scenes["images"])]
            name = f"{number // IN_A_FOLDER:04}/{number:09}.jpg"
            if number % IN_A_FOLDER == 0:
                (folder / "photos" / name).parent.mkdir(parents=True)
            os.link(images / scene["file_name"], folder / "photos" / name)
            entry = {"id": number, "file_name": name, "width": scene["width"], "height": scene["height"]}
            listed.write("," * bool(number) + json.dumps(entry))
            for box in boxes.get(scene["id"], []):
                file.write("," * (not first) + json.dumps(scaled(box, number, scene["scale"])))
                first = False
        file.write('], "images": [')
        listed.seek(0)
        shutil.copyfileobj(listed, file)
        file.write("]}")


def scaled(box: dict, image: int, scale: float) -> dict:
    """An annotation of the smaller photo; its id is told by what it is of."""
    sides = [round(scale * side, 2) for side in box["bbox"]]
    return {
        "id": image * 100 + box["id"] % 100,
        "image_id": image,
        "category_id": box["category_id"],
        "bbox": sides,
        "area": round(scale**2 * box["area"], 2),
        "iscrowd": box["iscrowd"],
    }


def write_experiment(folder: Path, processes: int) -> Path:
    """The experiment's file."""
    path = folder / "million.toml"
    path.write_text(
        f"""
        name = "million"
        [data]
        annotations = "{folder / "instances.json"}"
        images = "{folder / "photos"}"
        classes = {json.dumps(list(CLASSES))}
        train_per_class = "all"
        val_per_class = "all"
        val_fraction = {VAL}
        size = {SIDE}
        workers = {processes}
        [training]
        networks = ["net1"]
        epochs = 1
        batch_size = 64
        seeds = 1
        """
    )
    return path


def measured(command: list[str]) -> dict[str, float]:
    """Seconds of a process, of its processors, and the peak memory of the largest of it and its own, in MiB."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command])
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command} failed")
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 1024}


def page(result: dict) -> list[str]:
    """The results as Markdown."""
    environment, stages = result["environment"], result["stages"]
    peak = max(row.get("peak", 0) for stage, row in stages.items() if stage != REPORT)
    gigabytes = sum(result["arrays"].values()) / 2**30
    return [
        f"# {result['photos']:,} photos of {SIDE} px",
        "",
        f"Written by `benchmarks/million.py`. Made with Python {environment.python}, {environment.platform}, "
        f"{environment.processors} processors; "
        + ", ".join(f"{name} {number}" for name, number in environment.versions.items())
        + f". Other work ran on the machine (load {result['load']:.0f} at the end).",
        "",
        f"The arrays have {gigabytes:.1f} GiB in {len(result['arrays'])} files. Peak memory: of the largest process of "
        "a stage, as the kernel counts it; pages of mapped files count, the system's own cache of files does not.",
        "",
        "| stage | seconds | processor seconds | peak memory, MiB |",
        "|---|---|---|---|",
        *(
            f"| {stage} | {row['seconds']:,.0f} | {row['cpu']:,.0f} | {row['peak']:,.0f} |"
            for stage, row in stages.items()
            if "peak" in row
        ),
        "",
        f"Drawing took {stages['draw']['seconds']:,.0f} s. Training: "
        f"{result['photos a second in training']:,.0f} photos a second. Before the report, the largest peak is "
        f"{peak:,.0f} MiB; the goal is below {GOAL:,}: {'met' if peak < GOAL else 'missed'}.",
    ]


if __name__ == "__main__":
    main()
