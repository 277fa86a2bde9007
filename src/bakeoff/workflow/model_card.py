"""The model card, in Hugging Face's format: what a trained network is, how well it was measured to be, and on what."""

import json
from collections.abc import Iterator, Sequence

from bakeoff.config.schema import Recipe
from bakeoff.core.errors import StorageError
from bakeoff.core.geometry import RESIZES
from bakeoff.core.types import Estimate
from bakeoff.data.build.card import escape, table
from bakeoff.data.build.dataset import Dataset
from bakeoff.evaluation.scores import Comparison, RunScores, VariantScores
from bakeoff.findings.finding import Finding
from bakeoff.report.formatting import estimate
from bakeoff.training.run import Run

MEASURES = {"validation accuracy": "val", "any-label accuracy": "any_label", "test accuracy": "test"}
ANY_LABEL = (
    "Any label: the predicted class is annotated in the photo, whether or not it is the one that the photo is labelled "
    "with."
)

EXACT = " It was trained on all classes of a photo; accuracy: exactly these are predicted, each above one half."


def model_card(
    run: Run, dataset: Dataset, comparison: Comparison, findings: Sequence[Finding], *, with_onnx: bool
) -> str:
    """The model card as Markdown; the same records give the same text.

    Args:
        run: The trained network.
        dataset: What it was trained on.
        comparison: The scores of the experiment, its own among them.
        findings: What was found in the experiment.
        with_onnx: Whether an ONNX file is beside the card.

    Raises:
        StorageError: The run is not among those that were scored.
    """
    named = {(own.name, one.seed): (own, one) for own in comparison.networks for one in own.runs}
    if (run.spec.variant, run.spec.seed) not in named:
        raise StorageError(f"{run.folder} was not scored yet; run `bakeoff report` on its experiment first.")
    own, scores = named[run.spec.variant, run.spec.seed]
    sections = (
        _front_matter(run, dataset, scores),
        f"# {escape(run.name)}\n\nThe network {escape(run.spec.network)}, which tells {len(run.spec.classes)} classes "
        f"of photos apart: {', '.join(map(escape, run.spec.classes))}. Trained and measured by bakeoff.",
        "## How good it is\n\n" + _scores(own, scores, dataset) + EXACT * (comparison.scoring == "exact match"),
        "## By class\n\n" + _classes(own),
        "## Beside other networks\n\n" + "\n".join(_others(own.name, comparison, findings)),
        "## How to use it\n\n" + _usage(run, with_onnx=with_onnx),
        "## What it was trained on\n\n" + _data(dataset),
        "## How it was trained\n\n" + _training(run),
    )
    return "\n\n".join(sections) + "\n"


def _front_matter(run: Run, dataset: Dataset, scores: RunScores) -> str:
    """The card's metadata; JSON is YAML, too."""
    library = run.spec.network.partition(":")[0] if run.spec.network.startswith("timm:") else "bakeoff"
    result = {
        "task": {"type": "image-classification"},
        "dataset": {"type": "image-folder", "name": f"data set {dataset.info.digest}", "split": "validation"},
        "metrics": [{"type": "accuracy", "value": scores.val_accuracy, "name": "validation accuracy"}],
    }
    facts = {
        "license": "unknown",
        "library_name": library,
        "pipeline_tag": "image-classification",
        "tags": ["image-classification", "bakeoff"],
        "metrics": ["accuracy"],
        "model-index": [{"name": run.name, "results": [result]}],
    }
    return "\n".join(("---", *(f"{key}: {json.dumps(value)}" for key, value in facts.items()), "---"))


def _scores(own: VariantScores, scores: RunScores, dataset: Dataset) -> str:
    rows = []
    for name, key in MEASURES.items():
        one = Estimate(getattr(scores, f"{key}_accuracy"), getattr(scores, f"{key}_interval"))
        if one.mean is not None:
            rows.append((name, estimate(one), estimate(getattr(own, f"{key}_accuracy"))))
    return (
        f"On {dataset.info.counts['val']:,} validation photos, which played no part in the training. In brackets the "
        f"95 % interval: of this run over photos; of the {len(own.trained)} of {len(own.runs)} seeds that trained, "
        f"over seeds and photos.\n\n{table(('measure', 'this run', 'mean over seeds'), rows)}\n\n{ANY_LABEL}"
    )


def _classes(own: VariantScores) -> str:
    rows = [(one.name, one.support, *map(estimate, (one.precision, one.recall, one.f1))) for one in own.classes]
    return f"Means over seeds.\n\n{table(('class', 'photos', 'precision', 'recall', 'F1'), rows)}"


def _others(name: str, comparison: Comparison, findings: Sequence[Finding]) -> Iterator[str]:
    """What the experiment says of it, and what it found."""
    for pair in comparison.pairs:
        if name in (pair.first, pair.second):
            yield f"- {escape(pair.statement)}"
    for finding in findings:
        if finding.state == "found":
            yield f"- {escape(finding.title)}: {escape(finding.verdict)} What this can't say: {escape(finding.limits)}"


def _usage(run: Run, *, with_onnx: bool) -> str:
    spec = run.spec
    parts = [
        f"A photo is turned upright and {RESIZES[spec.resize]} of {spec.size} pixels (filter {spec.filter}); "
        "`config.json` says at what size, mean and deviation the network takes it from there."
    ]
    if with_onnx:
        parts.append(
            "`model.onnx` does all of that itself: its input is a photo of any size, uint8 (height, width, 3), RGB, "
            "its output the probabilities in the order of the classes.\n\n"
            "```sh\nbakeoff predict model.onnx photo.jpg\n```"
        )
    if spec.network.startswith("timm:"):
        parts.append('```python\nimport timm\n\nnetwork = timm.create_model("local-dir:.", pretrained=True)\n```')
    return "\n\n".join(parts)


def _data(dataset: Dataset) -> str:
    info = dataset.info
    counts = ", ".join(f"{count:,} {split}" for split, count in info.counts.items())
    return (
        f"{counts} photos of {escape(info.photos)}, annotated in {escape(info.selection.source)}; policy "
        f"{escape(info.selection.config.policy)}; digest {info.digest}. `DATA.md` says how they were chosen, and under "
        "which licences they are; bakeoff can't know which one the weights may be under: say so in this card."
    )


def _training(run: Run) -> str:
    recipe, plain, architecture = run.spec.recipe, Recipe(), run.record.architecture
    changed = [
        (key, value) for key in Recipe.__struct_fields__ if (value := getattr(recipe, key)) != getattr(plain, key)
    ]
    rows = [
        ("seed", str(run.spec.seed)),
        ("epochs", str(run.record.epochs)),
        *((key, str(value)) for key, value in changed),
    ]
    if architecture:
        rows += [("parameters", f"{architecture.parameters:,}"), ("MACs for one photo", f"{architecture.macs:,}")]
    rows += [("seconds", f"{run.record.seconds:.0f}"), *sorted(run.record.environment.versions.items())]
    return table(("what", "value"), dict(rows).items())
