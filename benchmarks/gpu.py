"""What a GPU gives: whether it learns the same as the CPU, then runs per hour, by the ways of using it.

    python benchmarks/gpu.py [--minutes 8] [--processes N] [--device cuda|cpu]

needs timm beside what bakeoff needs (`pip install '.[timm]'`). It ends within the minutes, most wanted figures
first; `benchmarks/results/gpu.json` and `gpu.md` (`gpu-cpu.*` with `--device cpu`, which tries the script, not a GPU)
are written anew after each figure, so that a run that is stopped keeps what it has.

Correctness: accuracies of net1 over seeds on faint patterns in noise, on the CPU and in each way on the GPU, and the
probability of so large a difference between the two samples by chance (Mann and Whitney, 1947).

Speed, in float32, TF32 and bfloat16: the homework's plain loop (`training.py`); bakeoff step by step; as a CUDA graph;
so many seeds stacked (`stacked.py`), as a graph; several processes, each with its graph. MPS is left as it is: off,
unless somebody turned it on. Runs per hour are of the homework, 8,000 photos and 15 epochs, without evaluation.
"""

import argparse
import gc
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from scipy.stats import mannwhitneyu
from stacked import StackedStep
from torch import Tensor
from torch.func import functional_call

from bakeoff.config.schema import Recipe
from bakeoff.core.errors import BakeoffError
from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment
from bakeoff.models.factory import create
from bakeoff.training.batches import Split
from bakeoff.training.checkpoint import TrainingState
from bakeoff.training.cuda_graph import GraphedStep
from bakeoff.training.device import reproducible, to_device
from bakeoff.training.loop import Step
from training import HOMEWORK, NETWORKS, draw, plain

RESULTS = Path(__file__).parent / "results"
CLASSES, SIDE, IMAGES = 5, 64, 1024
SEEDS, TRAIN_IMAGES, VAL_IMAGES, EPOCHS = 10, 1000, 500, 4
STRENGTH = 0.045
"""Of a pattern beside the noise: so much that not all is learned, and a difference would show."""
PRECISIONS, STACKS = ("float32", "TF32", "bfloat16"), (10, 40)
WARM_UP, SECONDS = 8, 1.0
CASES = (
    *((network, 4) for network in NETWORKS),
    *((network, 64) for network in NETWORKS),
    ("strong", 64),
    ("timm:tf_efficientnet_lite0", 32),
)
"""Networks and batch sizes; the last as it is fine-tuned, its input enlarged to 128 pixels."""
TEN_SEEDS = 10
READY, GO = "ready", "go"
Advance = Callable[[Tensor], None]


def main() -> None:
    """Measures until all is done or the time is over."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--processes", type=int, default=min(8, os.cpu_count() or 1))
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    asked = parser.parse_args()
    device, ends = torch.device(asked.device), time.monotonic() + 60 * asked.minutes - 15
    result = {
        "environment": Environment.current(),
        "device": torch.cuda.get_device_name() if asked.device == "cuda" else "cpu",
        "processes": asked.processes,
        "accuracies": {},
        "speeds": [],
        "complete": False,
    }
    with ExitStack() as stack:
        figures = _figures(device, asked.processes, stack)
        for where, figure in figures:
            result[where].update(figure) if where == "accuracies" else result[where].append(figure)
            _write(result, asked.device)
            print(figure, flush=True)
            if time.monotonic() > ends:
                break
        else:
            result["complete"] = True
    _write(result, asked.device)


def _figures(device: torch.device, processes: int, stack: ExitStack) -> Iterator[tuple[str, dict]]:
    """All figures, the most wanted first."""
    yield "accuracies", {"CPU": on_the_cpu()}
    for precision in PRECISIONS:
        yield (
            "accuracies",
            {f"step by step, {precision}": [_accuracy(seed, device, precision) for seed in range(SEEDS)]},
        )
    yield "accuracies", {"stacked, float32": stacked_accuracies(device)}
    folder = draw(Path(stack.enter_context(tempfile.TemporaryDirectory())), IMAGES)
    workers = Workers(processes, device)
    stack.callback(workers.close)
    for precision in PRECISIONS:
        for network, batch in CASES:
            case = {"network": network, "batch": batch, "precision": precision}
            if precision == "float32" and ":" not in network:
                seconds = [plain(network, batch, folder, device.type)[0] for _ in range(2)][-1]
                yield "speeds", {**case, "way": "plain loop", "runs per hour": 3600 * IMAGES / HOMEWORK / seconds}
            for way in _ways(network, device):
                yield "speeds", {**case, "way": way, **_measured(way, case, device, workers)}


def _ways(network: str, device: torch.device) -> list[str]:
    graph = ["CUDA graph"] if device.type == "cuda" else []
    seeds = STACKS if network in NETWORKS else STACKS[:1]
    return ["step by step", *graph, *(f"{count} seeds stacked" for count in seeds), "processes"]


def _measured(way: str, case: dict, device: torch.device, workers: "Workers") -> dict:
    """Runs per hour, or why there are none: not every network can be captured or stacked, or fits the memory."""
    own = (case["network"], case["batch"], case["precision"])
    try:
        if way == "processes":
            return {"runs per hour": workers.measure(own)}
        return {"runs per hour": speed(way, *own, device)}
    except (BakeoffError, RuntimeError, EOFError, TimeoutError) as error:
        return {"runs per hour": None, "reason": str(error).splitlines()[0][:200]}
    finally:
        _give_memory_back()


def patterns(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A faint pattern of each class in strong noise: uint8 (N, 64, 64, 3) and int64 (N,)."""
    coarse = np.random.default_rng(100).normal(0, 1, (CLASSES, 8, 8, 3))
    faint = coarse.repeat(SIDE // 8, 1).repeat(SIDE // 8, 2)
    labels = np.arange(count) % CLASSES
    noise = np.random.default_rng(seed).normal(0, 1, (count, SIDE, SIDE, 3))
    return np.clip(127.5 + 40 * (STRENGTH * faint[labels] + noise), 0, 255).astype(np.uint8), labels


@contextmanager
def computing(seed: int, precision: str, device: torch.device) -> Iterator[None]:
    """As a run of bakeoff computes, with TF32 or without it."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = precision == "TF32"
    try:
        with reproducible(seed, 1, device):
            yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def _recipe(network: str, batch: int, precision: str) -> Recipe:
    return Recipe(
        batch_size=batch,
        epochs=EPOCHS,
        precision="bfloat16" if precision == "bfloat16" else "float32",
        input_size=128 if ":" in network else 0,
    )


def on_the_cpu() -> list[float]:
    """The accuracies there, as many seeds at once as there are processors."""
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(_accuracy, range(SEEDS), [torch.device("cpu")] * SEEDS, ["float32"] * SEEDS))


def _accuracy(seed: int, device: torch.device, precision: str) -> float:
    """The validation accuracy of net1 with one seed, trained by graph where there is one."""
    recipe = _recipe("net1", 16, precision)
    with computing(seed, precision, device):
        network = to_device(create("net1", CLASSES, SIDE, recipe), device)
        step, order = _step(network, recipe, Split(*patterns(TRAIN_IMAGES, 0), device)), _orders(seed, recipe, device)
        advance = GraphedStep(step) if device.type == "cuda" else step
        for rows in order:
            advance(rows)
        val = Split(*patterns(VAL_IMAGES, 1), device)
        with torch.no_grad():
            return (network.eval()(val.inputs(slice(None))).argmax(1) == val.labels).double().mean().item()


def stacked_accuracies(device: torch.device) -> list[float]:
    """The validation accuracies of all seeds, trained together."""
    recipe = _recipe("net1", 16, "float32")
    with computing(0, "float32", device):
        networks, orders = [], []
        for seed in range(SEEDS):
            torch.manual_seed(seed)
            networks.append(to_device(create("net1", CLASSES, SIDE, recipe), device))
            orders.append(_orders(seed, recipe, device))
        step = StackedStep(networks, Split(*patterns(TRAIN_IMAGES, 0), device), recipe)
        for rows in zip(*orders, strict=True):
            step(torch.stack(rows))
        val, found = Split(*patterns(VAL_IMAGES, 1), device), []
        for seed in range(SEEDS):
            own = {name: value[seed] for name, value in (step.parameters | step.buffers).items()}
            with torch.no_grad():
                logits = functional_call(step.template, own, (val.inputs(slice(None)),))
            found.append((logits.argmax(1) == val.labels).double().mean().item())
    return found


def _orders(seed: int, recipe: Recipe, device: torch.device) -> list[Tensor]:
    """The rows of all batches of a run, all of one size."""
    draws = torch.Generator().manual_seed(seed)
    rows = torch.cat([torch.randperm(TRAIN_IMAGES, generator=draws) for _ in range(recipe.epochs)])
    return [part for part in rows.to(device).split(recipe.batch_size) if len(part) == recipe.batch_size]


def _step(network: torch.nn.Module, recipe: Recipe, split: Split) -> Step:
    state = TrainingState(network.train(), recipe, 10**6, torch.Generator().manual_seed(0), split.labels.device)
    return Step(state, split, recipe)


def speed(way: str, network: str, batch: int, precision: str, device: torch.device) -> float:
    """Runs of the homework per hour, by one process."""
    with prepared(way, network, batch, precision, device) as (act, runs):
        return runs * 3600 * _steps_per_second(act, device) / (HOMEWORK / batch)


@contextmanager
def prepared(
    way: str, network: str, batch: int, precision: str, device: torch.device
) -> Iterator[tuple[Callable[[], None], int]]:
    """What takes a step of so many runs, warm."""
    recipe = _recipe(network, batch, precision)
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, SIDE, SIDE, 3), dtype=np.uint8)
    with computing(0, precision, device):
        split = Split(images, np.arange(IMAGES) % CLASSES, device)
        count = int(way.split()[0]) if way.endswith("stacked") else 1
        networks = [to_device(create(network, CLASSES, SIDE, recipe), device) for _ in range(count)]
        stacked = way.endswith("stacked")
        step: Advance = StackedStep(networks, split, recipe) if stacked else _step(networks[0], recipe, split)
        advance = GraphedStep(step) if way != "step by step" and device.type == "cuda" else step
        drawn = torch.randint(IMAGES, (64, count, batch), device=device)
        rows = iter(range(10**9))

        def act() -> None:
            own = drawn[next(rows) % len(drawn)]
            advance(own if stacked else own[0])

        for _ in range(WARM_UP):
            act()
        _wait(device)
        if getattr(advance, "refused", False):
            raise RuntimeError("the step can't be captured as a CUDA graph")
        yield act, count


def _steps_per_second(act: Callable[[], None], device: torch.device) -> float:
    steps, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < SECONDS:
        for _ in range(10):
            act()
        _wait(device)
        steps += 10
    return steps / (time.perf_counter() - begun)


def _give_memory_back() -> None:
    """What a case had is not kept from the next one's processes."""
    gc.collect()
    torch.cuda.empty_cache()


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


class Workers:
    """Processes that each train a run of their own, begun once and measured together."""

    def __init__(self, count: int, device: torch.device) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipes, self.processes = [], []
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, device), daemon=True)
            process.start()
            self.pipes.append(ours)
            self.processes.append(process)

    def measure(self, case: tuple[str, int, str]) -> float:
        """Runs per hour of all together; RuntimeError with the reason of the first that can't."""
        ready = self._ask(case)
        reason = next((own for own in ready if own != READY), "")
        rates = self._ask(GO if not reason else "", [own == READY for own in ready])
        if reason:
            raise RuntimeError(reason)
        return sum(rates)

    def _ask(self, told: object, whom: Sequence[bool] | None = None) -> list:
        """The answers of all, or of some, in their order."""
        asked = [pipe for pipe, own in zip(self.pipes, whom or [True] * len(self.pipes), strict=True) if own]
        for pipe in asked:
            pipe.send(told)
        return [self._answer(pipe) for pipe in asked]

    @staticmethod
    def _answer(pipe: Connection) -> str | float:
        if not pipe.poll(90):
            raise TimeoutError("no answer of a process in 90 s")
        return pipe.recv()

    def close(self) -> None:
        """Ends them."""
        for process in self.processes:
            process.kill()
            process.join()


def _serve(pipe: Connection, device: torch.device) -> None:
    """Prepares a case, says so, and measures it when it is told to."""
    while True:
        network, batch, precision = pipe.recv()
        try:
            with prepared("processes", network, batch, precision, device) as (act, _):
                pipe.send(READY)
                measured = pipe.recv() == GO
                pipe.send(3600 * _steps_per_second(act, device) / (HOMEWORK / batch) if measured else 0.0)
        except (BakeoffError, RuntimeError) as error:
            pipe.send(str(error).splitlines()[0][:200])
        _give_memory_back()


def _write(result: dict, device: str) -> None:
    name = "gpu" if device == "cuda" else f"gpu-{device}"
    write_json(RESULTS / f"{name}.json", result)
    (RESULTS / f"{name}.md").write_text("\n".join(page(result)) + "\n")


def page(result: dict) -> list[str]:
    """The results as Markdown."""
    environment = result["environment"]
    whole = "" if result["complete"] else " **The run was stopped: figures are missing.**"
    return [
        f"# What a GPU gives: {result['device']}",
        "",
        f"Written by `benchmarks/gpu.py`.{whole} Made with Python {environment.python}, {environment.platform}, "
        f"{environment.processors} processors; torch {environment.versions['torch']}.",
        "",
        "## Whether it learns the same",
        "",
        f"Validation accuracy of net1 on faint patterns in noise, {SEEDS} seeds; p: of so large a difference from the "
        "CPU's by chance (Mann-Whitney, two-sided).",
        "",
        "| | mean | least | most | p |",
        "|---|---|---|---|---|",
        *(_accuracy_row(name, own, result["accuracies"]["CPU"]) for name, own in result["accuracies"].items()),
        "",
        "## Runs per hour",
        "",
        f"Of the homework: 8,000 photos, 15 epochs. Processes: {result['processes']} at once. In brackets: times the "
        "plain loop.",
        *_speed_table(result["speeds"]),
        *_goal(result["speeds"]),
    ]


def _accuracy_row(name: str, own: list[float], cpu: list[float]) -> str:
    p = "" if own is cpu else f"{mannwhitneyu(own, cpu).pvalue:.2f}"
    return f"| {name} | {mean(own):.1%} | {min(own):.1%} | {max(own):.1%} | {p} |"


def _speed_table(speeds: list[dict]) -> list[str]:
    ways = list(dict.fromkeys(row["way"] for row in speeds))
    plain_loop = {(row["network"], row["batch"]): row["runs per hour"] for row in speeds if row["way"] == "plain loop"}
    cells: dict[tuple, dict[str, str]] = {}
    for row in speeds:
        case = (row["network"], row["batch"])
        rate, base = row["runs per hour"], plain_loop.get(case)
        ratio = f" ({rate / base:.1f})" if rate and base and row["way"] != "plain loop" else ""
        cells.setdefault((*case, row["precision"]), {})[row["way"]] = f"{rate:,.0f}{ratio}" if rate else "–"
    return [
        "",
        "| network | batch | precision | " + " | ".join(ways) + " |",
        "|---|---|---|" + "---|" * len(ways),
        *(
            f"| {network} | {batch} | {precision} | " + " | ".join(own.get(way, "") for way in ways) + " |"
            for (network, batch, precision), own in cells.items()
        ),
    ]


def _goal(speeds: list[dict]) -> list[str]:
    """How long the homework's table with ten seeds takes in each way: four networks, batch 4, float32."""
    minutes: dict[str, list[float]] = {}
    for row in speeds:
        if row["batch"] == 4 and row["precision"] == "float32" and row["runs per hour"]:
            minutes.setdefault(row["way"], []).append(60 * TEN_SEEDS / row["runs per hour"])
    rows = [f"- {way}: {sum(own):.1f} minutes" for way, own in minutes.items() if len(own) == len(NETWORKS)]
    return (
        ["", f"The homework's table, {len(NETWORKS)} networks with {TEN_SEEDS} seeds at batch 4:", "", *rows]
        if rows
        else []
    )


if __name__ == "__main__":
    main()
