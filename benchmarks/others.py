"""Other tools that read instances files, each in a virtual environment of its own, where it installs.

Run by `benchmarks/index.py`, with the interpreter of such an environment: it must not import bakeoff. FiftyOne is not
here: it needs a MongoDB server beside it.
"""

import json
import random
import sys
import tempfile
import time
from pathlib import Path

QUOTA = 2_000


def main() -> None:
    """Measures the tool that the command line names; prints what `measure` in `index.py` tells."""
    tool, path, *categories = sys.argv[1:]
    read, choose = {"datumaro": with_datumaro}[tool](path, categories)
    begun, used = time.perf_counter(), time.process_time()
    counts = read()
    seconds, cpu = time.perf_counter() - begun, time.process_time() - used
    peak = peak_mib()
    begun = time.perf_counter()
    chosen = choose()
    print(
        json.dumps(
            {
                "seconds": seconds,
                "cpu_seconds": cpu,
                "selection_seconds": time.perf_counter() - begun,
                "peak_mib": peak,
                "images": counts,
                "chosen": chosen,
            }
        )
    )


def peak_mib():
    """This process's peak memory (Linux); `getrusage` would include its parent's memory at the start."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def with_datumaro(path, categories):
    """Datumaro wants the file in COCO's folders, and iterates over its items one by one."""
    import datumaro

    folder = Path(tempfile.mkdtemp())
    for name in ("annotations", "images/train"):
        (folder / name).mkdir(parents=True)
    (folder / "annotations" / "instances_train.json").symlink_to(Path(path).resolve())
    items = {name: [] for name in categories}

    def read():
        dataset = datumaro.Dataset.import_from(str(folder), "coco_instances")
        labels = dataset.categories()[datumaro.AnnotationType.label]
        numbers = {labels.find(name)[0]: name for name in categories}
        for item in dataset:
            for label in {annotation.label for annotation in item.annotations} & numbers.keys():
                items[numbers[label]].append(item.id)
        return [len(items[name]) for name in categories]

    return read, lambda: choose_unused(items)


def choose_unused(ids):
    """The homework's way: of each class so many at random that no class before has; their number."""
    draws, used = random.Random(0), set()
    for own in ids.values():
        free = [number for number in own if number not in used]
        used.update(draws.sample(free, min(QUOTA, len(free))))
    return len(used)


if __name__ == "__main__":
    main()
