"""How large a report is and how fast it opens: of 2,000, 10,000 and 100,000 validation photos.

    python benchmarks/report.py

writes made-up records as a data set and runs, the report of them, opens it in Chromium (as BAKEOFF_CHROMIUM names it,
or as it is installed), and writes `benchmarks/results/report.json` and `report.md`. The photos are noise with the
spectrum of photographs (power falls with the square of the frequency), so that thumbnails have the size of real ones.
"""

import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from playwright.sync_api import Browser, sync_playwright

from bakeoff.config.data import DataConfig, SelectionConfig
from bakeoff.config.experiment import ExperimentConfig
from bakeoff.config.schema import Recipe, TrainingConfig
from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment
from bakeoff.data.build.dataset import Dataset, DatasetInfo
from bakeoff.data.selection.selection import SelectionInfo
from bakeoff.evaluation.comparison import compare
from bakeoff.report import ReportInput, write
from bakeoff.training.run import BatchLog, EpochLog, Predictions, Run, RunRecord, RunSpec

RESULTS = Path(__file__).parent / "results"
SIZES = (
    ("2,000 photos, 5 classes, 7 networks", 2000, 5, 7),
    ("10,000 photos, 10 classes, 4 networks", 10_000, 10, 4),
    ("100,000 photos, 10 classes, 4 networks", 100_000, 10, 4),
)
DISTINCT = 10_000
"""Photos that are drawn; more are these again."""
SIDE, TRAIN, EPOCHS, STEPS, LAYERS, REPEATS = 64, 500, 15, 131, 14, 5
ENVIRONMENT = Environment.current()


def main() -> None:
    """Writes and opens the reports."""
    results = []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        path = os.environ.get("BAKEOFF_CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for number, (name, photos, classes, networks) in enumerate(SIZES):
            place = Path(folder) / str(number)
            case = make_case(place, photos, classes, networks)
            start = time.perf_counter()
            page = write(place / "report", case)
            seconds = time.perf_counter() - start
            opened = [_open(browser, page) for _ in range(REPEATS)]
            results.append(
                {
                    "what": name,
                    "page_mb": page.stat().st_size / 1e6,
                    "write_seconds": seconds,
                    "open_seconds": statistics.median(opening for opening, _ in opened),
                    "frame_ms": statistics.median(frame for _, frame in opened),
                }
            )
        version = browser.version
        browser.close()
    write_json(RESULTS / "report.json", {"environment": ENVIRONMENT, "chromium": version, "results": results})
    (RESULTS / "report.md").write_text("\n".join(_page(results, version)) + "\n")


def make_case(folder: Path, photos: int, class_count: int, networks: int) -> ReportInput:
    """An experiment with validation photos, classes and networks (one seed each) as asked for."""
    folder.mkdir()
    classes = tuple(f"class {number}" for number in range(class_count))
    draws = np.random.default_rng(0)
    counts = {"train": TRAIN, "val": photos}
    rows = []
    for split in counts:
        drawn = _photographs(min(counts[split], DISTINCT), draws)
        np.save(folder / f"{split}.npy", np.resize(drawn, (counts[split], *drawn.shape[1:])))
        rows += [(split, len(rows) + number, number % class_count) for number in range(counts[split])]
    labels = [classes[label] for *_, label in rows]
    box = {"x": 0.125, "y": 0.25, "width": 0.5, "height": 0.375, "crowd": False}
    manifest = pl.DataFrame(rows, schema=["split", "image_id", "label"], orient="row").with_columns(
        pl.Series("annotated", [[name] for name in labels]),
        pl.Series("boxes", [[{"label": name, **box}] for name in labels]),
        pl.format("http://images.cocodataset.org/val2017/{}.jpg", "image_id").alias("url"),
        pl.format("digest {}", "image_id").alias("source_digest"),
        pl.format("{}.jpg", "image_id").alias("file_name"),
        pl.format("images/{}.jpg", "image_id").alias("image"),
        pl.lit(1).alias("license"),
        pl.lit(640).alias("width"),
        pl.lit(480).alias("height"),
    )
    selection = SelectionInfo(SelectionConfig(classes=classes), "made up", "0", "0", ())
    info = DatasetInfo(classes, SIDE, "area", 95, counts, selection, "made up", 0, "d", "r", {})
    dataset = Dataset(folder, info, manifest, lambda: pl.DataFrame({"reason": ["chosen"] * (TRAIN + photos)}))
    runs = [_run(dataset, f"network {number}", draws) for number in range(networks)]
    scores = compare(dataset, runs).comparison
    names = tuple(run.spec.variant for run in runs)
    experiment = ExperimentConfig(
        name="benchmark", data=DataConfig(classes=classes), training=TrainingConfig(networks=names)
    )
    return ReportInput(experiment, scores, dataset, runs, "")


def _photographs(count: int, draws: np.random.Generator) -> np.ndarray:
    """Noise whose power falls with the square of the frequency, as that of photographs does (Field, JOSA A 1987)."""
    across = np.fft.fftfreq(SIDE)
    frequency = np.hypot(across[:, None], across[None, :])
    frequency[0, 0] = np.inf
    white = draws.standard_normal((count, 3, SIDE, SIDE), dtype=np.float32)
    white[:, 1:] = 0.8 * white[:, :1] + 0.2 * white[:, 1:]
    colored = np.fft.ifft2(np.fft.fft2(white) / frequency).real
    colored = 128 + 56 * colored / colored.std(axis=(2, 3), keepdims=True)
    return np.clip(colored, 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)


def _run(dataset: Dataset, network: str, draws: np.random.Generator) -> Run:
    classes = dataset.info.classes
    spec = RunSpec(network, network, "", 0, Recipe(), classes, SIDE, "area", dataset.info.digest, "cpu")
    labels = dataset.manifest["label"].to_numpy()
    logits = draws.standard_normal((len(labels), len(classes)))
    logits[np.arange(len(labels)), labels] += 1
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    predictions = dataset.manifest.select("split", "image_id", "label").with_columns(
        pl.Series("predicted", logits.argmax(1)),
        pl.Series("logits", logits.tolist(), dtype=pl.List(pl.Float32)),
        pl.Series("loss", -np.log(shares[np.arange(len(labels)), labels])),
    )
    norms = {f"layer {number}": 0.1 for number in range(LAYERS)}
    log = [
        line
        for epoch in range(1, EPOCHS + 1)
        for line in (
            *(BatchLog(epoch, 100 * (STEPS * (epoch - 1) // EPOCHS + 1 + at), 1.5) for at in range(STEPS // EPOCHS)),
            EpochLog(epoch, 1.4, 0.4, 1.4, 0.4, norms, norms, 1.0),
        )
    ]
    record = RunRecord("finished", "", 1.0, EPOCHS, None, ENVIRONMENT)
    return Run(Path(network), spec, record, tuple(log), Predictions(predictions))


def _open(browser: Browser, path: Path) -> tuple[float, float]:
    """Seconds until the page is drawn and can be used, and the median milliseconds a frame while it scrolls."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    start = time.perf_counter()
    page.goto(path.as_uri(), wait_until="load")
    page.wait_for_selector("#gallery-photos li")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    seconds = time.perf_counter() - start
    frame = page.evaluate(
        """async () => {
          const times = [];
          let last = performance.now();
          for (let step = 0; step < 120; step += 1) {
            window.scrollBy(0, 150);
            await new Promise((done) => requestAnimationFrame(done));
            times.push(performance.now() - last);
            last = performance.now();
          }
          return times.sort((a, b) => a - b)[60];
        }"""
    )
    page.close()
    return seconds, frame


def _page(results: list[dict], chromium: str) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in ENVIRONMENT.versions.items())
    return [
        "# Reports of large experiments",
        "",
        "Written by `benchmarks/report.py`; medians of five openings in headless Chromium. Opening: until the page is "
        "drawn and its gallery filled. Frame: the median time between two frames as the page scrolls by 150 px each.",
        "",
        f"Made with Python {ENVIRONMENT.python}, {ENVIRONMENT.platform}, {ENVIRONMENT.processors} processors, Chromium "
        f"{chromium}; {versions}. Other work ran on the same machine.",
        "",
        "| report | page | writing it | opening it | frame |",
        "|---|---|---|---|---|",
        *(
            f"| {row['what']} | {row['page_mb']:.1f} MB | {row['write_seconds']:.1f} s | {row['open_seconds']:.2f} s | "
            f"{row['frame_ms']:.0f} ms |"
            for row in results
        ),
    ]


if __name__ == "__main__":
    main()
