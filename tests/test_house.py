"""The order of the house: ten rooms, short files, no code in `__init__.py`, one class per name, few `Any`."""

import ast
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "bakeoff"
TESTS = Path(__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
ROOMS = {"cli", "workflow", "report", "findings", "evaluation", "training", "models", "data", "config", "core"}


def test_there_are_ten_rooms_and_at_most_two_modules_beside_them() -> None:
    assert len(FILES) > 100
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == ROOMS
    assert len(list(PACKAGE.glob("*.py"))) <= 2


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_is_longer_than_300_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.name == "__init__.py" and path.parent != PACKAGE],
    ids=lambda path: str(path.parent.relative_to(PACKAGE)),
)
def test_an_init_file_holds_a_docstring_and_names_of_others(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    rest = [node for node in tree.body[1:] if not isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node).partition(" = ")[0] for node in rest] in ([], ["__all__"])


def test_no_two_classes_have_one_name() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in FILES]
    names = Counter(node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    assert [name for name, count in names.items() if count > 1] == []


def test_any_is_on_at_most_thirty_lines() -> None:
    lines = {
        (path, node.lineno)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name) and node.id == "Any"
    }
    assert 0 < len(lines) <= 30


def test_no_folder_of_tests_is_passed_over(pytestconfig: pytest.Config) -> None:
    folders = {path.parent.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    patterns = pytestconfig.getini("norecursedirs")
    skipped = {folder for folder in folders for part in folder.parts for one in patterns if fnmatch(part, one)}
    assert skipped == set()
