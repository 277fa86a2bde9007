"""All findings together: their order, and what each must say."""

import pytest

from bakeoff.core.registry import findings
from bakeoff.core.storage import read_json, write_json
from bakeoff.findings.diagnose import ORDER, diagnose
from bakeoff.findings.finding import Finding


def test_most_important_comes_first(dataset, train, make_case) -> None:
    case = make_case(dataset, train("a", 0.5, fitted=0.9) + train("b", 0.8))
    made = diagnose(case)
    assert sorted(finding.code for finding in made) == findings.names()
    assert [ORDER.index(finding.state) for finding in made] == sorted(ORDER.index(finding.state) for finding in made)
    found = [finding.weight for finding in made if finding.state == "found"]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("name", findings.names())
@pytest.mark.parametrize("status", ["finished", "failed"])
def test_each_finding_is_whole_whatever_became_of_the_runs(dataset, train, make_case, tmp_path, name, status) -> None:
    finding = findings[name](make_case(dataset, train("a", seeds=1, status=status) + train("b", seeds=1)))
    assert finding.code == name
    assert finding.question.endswith("?")
    assert finding.title
    assert finding.limits.endswith(".")
    assert finding.verdict.endswith(".")
    write_json(tmp_path / "finding.json", finding)
    assert read_json(tmp_path / "finding.json", Finding).verdict == finding.verdict
