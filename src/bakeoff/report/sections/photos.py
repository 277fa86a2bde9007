"""The validation photos with what every run says of them."""

from bakeoff.core.registry import sections
from bakeoff.report.contents import ReportInput, Section
from bakeoff.report.gallery import pack

KINDS = (
    ("", "all answers"),
    ("wrong", "wrong"),
    ("present", "wrong, but the predicted class is in the photo"),
    ("absent", "wrong, and the predicted class is not in the photo"),
    ("correct", "correct"),
)


@sections.register("45-photos")
def photos(case: ReportInput) -> Section | None:
    """The gallery: thumbnails in sheets, data for the page's script, and the choices of its filters."""
    if case.dataset is None:
        return None
    gallery = pack(case.dataset, case.runs, case.explanations)
    networks = dict.fromkeys(run["network"] for run in gallery.data["runs"])
    seeds = sorted({run["seed"] for run in gallery.data["runs"]})
    classes = [(str(label), name) for label, name in enumerate(case.comparison.classes)]
    filters = [
        ("network", "Network", [("", "all networks"), *((name, name) for name in networks)]),
        ("seed", "Seed", [("", "all seeds"), *((str(seed), str(seed)) for seed in seeds)]),
        ("true", "True class", [("", "any"), *classes]),
        ("predicted", "Predicted class", [("", "any"), *classes]),
        ("kind", "Answer", KINDS),
    ]
    values = {"gallery": gallery, "filters": filters}
    return Section("The validation photos", "photos.html", values)
