"""The homework's plain training loop and bakeoff's, side by side: runs per hour, and what each change gives.

    python benchmarks/training.py [--repeats N] [--images N] [--device cpu|cuda]

The plain loop is as it is commonly handed in: a Dataset that opens and decodes one JPEG per item, a DataLoader, one-hot
labels, Adam, `loss.item()` each step, torch's own number of threads, one run after the other. bakeoff's is `fit` as
`bakeoff train` calls it, on the CPU one thread per run and as many runs at once as there are processors. Both train on
the same pixels in the same order from the same initial weights; their losses are compared. Each measurement is a
process of its own, the two take turns. Writes `benchmarks/results/training.json` and `training.md` (`training-cuda.*`
on a GPU).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from bakeoff.config.schema import Recipe
from bakeoff.core.storage import write_json
from bakeoff.core.types import TRAIN, VAL, Environment
from bakeoff.models.factory import create
from bakeoff.models.summary import describe
from bakeoff.training.batches import Split
from bakeoff.training.checkpoint import Checkpoint, TrainingState
from bakeoff.training.device import reproducible, to_device
from bakeoff.training.loop import HOLDOUT, fit
from bakeoff.training.observer import Observer
from bakeoff.training.run import BatchLog, RunSpec

RESULTS = Path(__file__).parent / "results"
NETWORKS, BATCHES = ("net1", "net2", "net3", "net3-tied"), (4, 64)
CLASSES, SIDE = 5, 64
HOMEWORK = 8_000 * 15
"""Training images of a run of the homework, each epoch's counted."""
STEPS = {
    "plain loop, one thread": {},
    "images as one array": {"arrays": True},
    "no loss.item()": {"synchronised": False},
    "labels as integers": {"one_hot": False},
    "fused Adam": {"fused": True},
    "channels last": {"channels_last": True},
}
"""What each change gives: each keeps the changes before it."""
LOGGED = 20
"""Batches whose mean loss is compared."""
LADDER = (("net1", 4), ("net3", 4), ("net1", 64), ("net3", 64))


class Photos(Dataset):
    """JPEG files, one opened and decoded an item, as the homework's Dataset does."""

    def __init__(self, folder: Path, one_hot: bool) -> None:
        self.files, self.one_hot = sorted(folder.glob("*.jpg")), one_hot

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor]:
        pixels = torch.from_numpy(np.array(Image.open(self.files[row]).convert("RGB")))
        label = torch.tensor(row % CLASSES)
        return pixels.permute(2, 0, 1).float() / 127.5 - 1, nn.functional.one_hot(label, CLASSES).float()


def plain(
    network: str,
    batch: int,
    folder: Path,
    device: str,
    *,
    arrays: bool = False,
    synchronised: bool = True,
    one_hot: bool = True,
    fused: bool = False,
    channels_last: bool = False,
) -> tuple[float, list[float]]:
    """Seconds of an epoch of the plain loop, and its losses; each option takes one of its habits away."""
    torch.manual_seed(0)
    model = create(network, CLASSES, SIDE).to(device)
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
    adam = torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.99), fused=fused or None)
    criterion = nn.CrossEntropyLoss()
    split = Split(*stored(folder), torch.device(device))
    data = split.in_order(batch) if arrays else DataLoader(Photos(folder, one_hot), batch)
    losses = []
    begun = time.perf_counter()
    for inputs, labels in data:
        wanted = nn.functional.one_hot(labels, CLASSES).float() if arrays and one_hot else labels
        adam.zero_grad()
        loss = criterion(model(inputs.to(device)), wanted.to(device))
        loss.backward()
        adam.step()
        losses.append(loss.item() if synchronised else loss.detach())
    if device == "cuda":
        torch.cuda.synchronize()
    seconds = time.perf_counter() - begun
    return seconds, [torch.tensor(part).mean().item() for part in batched(losses, LOGGED)]


def batched(values: list, count: int) -> list[list]:
    """Values in groups of so many."""
    return [values[start : start + count] for start in range(0, len(values), count)]


def ours(network: str, batch: int, folder: Path, device: str) -> tuple[float, list[float]]:
    """Seconds of an epoch of bakeoff's loop with the probes around it, and its losses."""
    images, labels = stored(folder)
    recipe, where = Recipe(epochs=1, batch_size=batch, shuffle=False, log_every=LOGGED), torch.device(device)
    spec = RunSpec(network, network, "", 0, recipe, tuple("abcde"), SIDE, "area", "", device)
    with reproducible(0, 1, where):
        splits = {
            name: Split(images[:rows], labels[:rows], where) for name, rows in ((TRAIN, None), (VAL, 0), (HOLDOUT, 0))
        }
        state = TrainingState(
            to_device(create(network, CLASSES, SIDE), where),
            recipe,
            splits[TRAIN].batches(batch),
            torch.Generator(),
            where,
        )
        log = []
        begun = time.perf_counter()
        fit(state, splits, recipe, log, Checkpoint(None, spec), Observer())
        seconds = time.perf_counter() - begun
    return seconds, [line.loss for line in log if isinstance(line, BatchLog)]


def stored(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """The decoded photos, uint8 (N, 64, 64, 3), and their labels."""
    images = np.load(folder / "photos.npy")
    return images, np.arange(len(images)) % CLASSES


def peak(*_: object) -> tuple[float, list[float]]:
    """Seconds of a product of two 1024 x 1024 matrices by one thread, the least of 30."""
    torch.set_num_threads(1)
    left, right = torch.rand(2, 1024, 1024)
    seconds = []
    for _ in range(30):
        begun = time.perf_counter()
        left @ right
        seconds.append(time.perf_counter() - begun)
    return min(seconds), []


def worker(kind: str, network: str, batch: int, folder: Path, device: str) -> None:
    """Measures one thing here, when the line `go` comes; two short epochs warm up."""
    act = {"ours": ours, "peak": peak}.get(kind, plain)
    if kind in STEPS:
        torch.set_num_threads(1)
        names = list(STEPS)
        changes = [STEPS[name] for name in names[: names.index(kind) + 1]]
        act = partial(plain, **{name: value for change in changes for name, value in change.items()})
    act(network, batch, folder / "warm-up", device)
    print("ready", flush=True)
    sys.stdin.readline()
    seconds, losses = act(network, batch, folder, device)
    print(json.dumps({"seconds": seconds, "losses": losses}), flush=True)


def measure(kind: str, network: str, batch: int, folder: Path, device: str, at_once: int = 1) -> dict:
    """The slowest of as many processes as run at once, and the losses of the first."""
    command = [sys.executable, __file__, "--worker", kind, network, str(batch), str(folder), device]
    started = [subprocess.Popen(command, stdin=-1, stdout=-1, text=True) for _ in range(at_once)]
    for process in started:
        process.stdout.readline()
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    ended = [json.loads(process.communicate()[0]) for process in started]
    return {"seconds": max(one["seconds"] for one in ended), "losses": ended[0]["losses"]}


def main() -> None:
    """Measures all, or with `--worker` one thing."""
    if sys.argv[1:2] == ["--worker"]:
        kind, network, batch, folder, device = sys.argv[2:]
        worker(kind, network, int(batch), Path(folder), device)
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--images", type=int, default=1600)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    asked = parser.parse_args()
    at_once = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as name:
        folder = draw(Path(name), asked.images)
        speeds = [compare(network, batch, folder, asked, at_once) for network in NETWORKS for batch in BATCHES]
        ladder = [climb(network, batch, folder, asked) for network, batch in LADDER] if asked.device == "cpu" else []
        peaks = [measure("peak", "net1", 4, folder, "cpu", at_once)["seconds"] for _ in range(asked.repeats)]
    result = {
        "environment": Environment.current(),
        "device": torch.cuda.get_device_name() if asked.device == "cuda" else "cpu",
        "images": asked.images,
        "repeats": asked.repeats,
        "runs at once": at_once,
        "peak": at_once * 2 * 1024**3 / min(peaks),
        "speeds": speeds,
        "ladder": ladder,
    }
    name = "training" if asked.device == "cpu" else f"training-{asked.device}"
    write_json(RESULTS / f"{name}.json", result)
    (RESULTS / f"{name}.md").write_text("\n".join(page(result)) + "\n")


def draw(folder: Path, count: int) -> Path:
    """Photos of smooth noise as JPEG files, and what they decode to as one array; a few of them to warm up."""
    for photos, images in ((folder, count), (folder / "warm-up", 128)):
        photos.mkdir(exist_ok=True)
        draws, decoded = np.random.default_rng(0), []
        for row in range(images):
            small = Image.fromarray(draws.integers(0, 256, (8, 8, 3), dtype=np.uint8))
            small.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(photos / f"{row:05}.jpg", quality=95)
            decoded.append(np.array(Image.open(photos / f"{row:05}.jpg")))
        np.save(photos / "photos.npy", np.stack(decoded))
    return folder


def compare(network: str, batch: int, folder: Path, asked: argparse.Namespace, at_once: int) -> dict:
    """Both loops in turns; runs of the homework an hour by each."""
    kinds = {"plain": 1, "ours": at_once}
    rows: dict[str, list[dict]] = {kind: [] for kind in kinds}
    for _ in range(asked.repeats):
        for kind, runs in kinds.items():
            rows[kind].append(measure(kind, network, batch, folder, asked.device, runs))
    hours = {
        kind: [kinds[kind] * 3600 * asked.images / HOMEWORK / row["seconds"] for row in rows[kind]] for kind in kinds
    }
    losses = [np.array(rows[kind][0]["losses"]) for kind in kinds]
    macs = describe(create(network, CLASSES, SIDE), SIDE).macs
    found = {
        "network": network,
        "batch": batch,
        "runs an hour": hours,
        "ratio": statistics.median(hours["ours"]) / statistics.median(hours["plain"]),
        "largest difference of a loss": float(np.abs(losses[0] - losses[1]).max()),
        "losses": [float(losses[0][0]), float(losses[0][-1])],
        "operations a second": 6 * macs * HOMEWORK * statistics.median(hours["ours"]) / 3600,
    }
    print(json.dumps({key: found[key] for key in ("network", "batch", "ratio")}), flush=True)
    return found


def climb(network: str, batch: int, folder: Path, asked: argparse.Namespace) -> dict:
    """The plain loop with one change after the other, by one thread, in turns: milliseconds a step, the least."""
    seconds: dict[str, list[float]] = {kind: [] for kind in (*STEPS, "ours")}
    for _ in range(asked.repeats):
        for kind, own in seconds.items():
            own.append(measure(kind, network, batch, folder, asked.device)["seconds"])
    steps = -(-asked.images // batch)
    return {"network": network, "batch": batch, "ms": {kind: 1e3 * min(own) / steps for kind, own in seconds.items()}}


def page(result: dict) -> list[str]:
    """The results as Markdown."""
    environment, at_once = result["environment"], result["runs at once"]
    versions = ", ".join(f"{name} {environment.versions[name]}" for name in ("bakeoff", "torch", "numpy", "pillow"))
    return [
        "# Training: the homework's plain loop and bakeoff's",
        "",
        f"Written by `benchmarks/training.py`: epochs of {result['images']:,} photos of 64 x 64 pixels, "
        f"{result['repeats']} times in turns, on {result['device']}; plain: one run after the other with all threads; "
        f"bakeoff: {at_once} runs at once. Runs an hour are of the homework: 8,000 photos, 15 epochs; medians.",
        "",
        f"Made with Python {environment.python}, {environment.platform}, {environment.processors} processors; "
        f"{versions}. Other work may have run on the machine: the ratios count.",
        "",
        "| network | batch | plain, runs an hour | bakeoff, runs an hour | ratio | largest difference of a loss "
        "| fraction of the peak |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {row['network']} | {row['batch']} | {statistics.median(row['runs an hour']['plain']):.2f} "
            f"| {statistics.median(row['runs an hour']['ours']):.2f} | {row['ratio']:.1f} "
            f"| {row['largest difference of a loss']:.1e} | {row['operations a second'] / result['peak']:.0%} |"
            for row in result["speeds"]
        ),
        "",
        f"The peak is {result['peak'] / 1e9:.0f} GFLOPS: products of 1024 x 1024 float32 matrices by {at_once} "
        "processes of one thread at once. Operations are counted as six a multiply-accumulate of the forward pass: two "
        "forward, four backward.",
        *(_ladder(result["ladder"]) if result["ladder"] else []),
    ]


def _ladder(rows: list[dict]) -> list[str]:
    return [
        "",
        "## What each change gives",
        "",
        "Milliseconds a step by one thread, the least of all repeats; each line keeps the changes before it. The last "
        "is `fit`: numbers too small for full precision count as zero, and it adds its log, probes and checks.",
        "",
        "| | " + " | ".join(f"{row['network']}, batch {row['batch']}" for row in rows) + " |",
        "|---|" + "---|" * len(rows),
        *(
            f"| {'bakeoff' if kind == 'ours' else kind} | "
            + " | ".join(f"{row['ms'][kind]:.2f}" for row in rows)
            + " |"
            for kind in rows[0]["ms"]
        ),
    ]


if __name__ == "__main__":
    main()
