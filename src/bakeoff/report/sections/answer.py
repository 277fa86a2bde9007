"""The first screen: the short answer, the table of networks, and the chart that decides."""

from bakeoff.core.registry import sections
from bakeoff.report.contents import ReportInput, Section
from bakeoff.report.networks_table import networks_table
from bakeoff.report.pairs_chart import pairs_figure
from bakeoff.report.short_answer import short_answer


@sections.register("10-answer")
def answer(case: ReportInput) -> Section:
    """Each question in a line, the table of networks, and the differences between them where they were tested."""
    chart = pairs_figure(case.comparison.pairs, case.comparison.margin)
    return Section(
        "Short answer", "answer.html", {**short_answer(case), "networks": networks_table(case), "chart": chart}
    )
