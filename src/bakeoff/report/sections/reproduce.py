"""How to get the same numbers again."""

from collections.abc import Iterator

import msgspec

from bakeoff.core.registry import sections
from bakeoff.core.seals import seal_digest
from bakeoff.report.contents import ReportInput, Section, Table


@sections.register("90-reproduce")
def reproduce(case: ReportInput) -> Section | None:
    """Command, configuration, versions, seeds and digests."""
    if not case.runs or case.dataset is None:
        return None
    environment = case.runs[0].record.environment
    others = sum(run.record.environment != environment for run in case.runs)
    facts = {
        "seeds": ", ".join(map(str, case.experiment.training.seed_list)),
        "device": ", ".join(sorted({run.spec.device for run in case.runs})),
        "data set": case.dataset.info.digest,
        "instances file": f"{case.dataset.info.selection.source} ({case.dataset.info.selection.source_digest})",
        "photos": case.dataset.info.photos,
        "Python": environment.python,
        "platform": f"{environment.platform}, {environment.processors} processors",
        **environment.versions,
    }
    configuration = msgspec.json.format(msgspec.json.encode(case.experiment), indent=2).decode()
    return Section(
        "How to reproduce it",
        "reproduce.html",
        {
            "facts": Table("environment", "What the results were made with.", ("what", "value"), list(facts.items())),
            "digests": Table(
                "digests",
                "What this report was made from: the SHA-256 of each folder's sealed.json, which lists its files.",
                ("folder", "SHA-256"),
                list(_digests(case)),
            ),
            "others": others,
            "configuration": configuration,
            "command": case.command,
        },
    )


def _digests(case: ReportInput) -> Iterator[tuple[str, str]]:
    if case.dataset:
        yield "data set", seal_digest(case.dataset.folder)
    yield from ((f"run {run.name}", seal_digest(run.folder)) for run in case.runs)
